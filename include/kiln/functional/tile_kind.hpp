// How a kind of tile (a microarchitecture) forms its products, for the specification of a product tile by tile
// (`kiln run --by-tile`). Every kind gives the same integers, so a kind may leave this out: its products are then
// multiplied and added one by one. docs/numerics.md, "A tile's products"
#pragma once

#include <cstdint>
#include <functional>
#include <span>

namespace kiln::functional {

struct TileKind {
  /// The sum of codebook[codes[i]] * activations[i] over inputs of one group, formed as the tile forms it.
  std::function<std::int32_t(std::span<const std::uint8_t> codes, std::span<const std::int8_t> codebook,
                             std::span<const std::int8_t> activations)>
      products = {};
};

}  // namespace kiln::functional
