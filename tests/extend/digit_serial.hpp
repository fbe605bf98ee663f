// A kind of tile that Kiln does not have, as somebody outside would write it: activations enter in digits of
// `digit_bits` bits, and every weight has a multiplier for a digit.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "kiln/cost/delays.hpp"
#include "kiln/extend/tile_kind.hpp"

namespace kiln::extend {

inline std::int32_t digit_products(std::uint32_t digit_bits, std::span<const std::uint8_t> codes,
                                   std::span<const std::int8_t> codebook, std::span<const std::int8_t> activations) {
  std::int32_t sum = 0;
  for (std::uint32_t low = 0; low < 8; low += digit_bits) {
    const std::uint32_t width = std::min(digit_bits, 8 - low);
    for (std::size_t i = 0; i < codes.size(); ++i) {
      std::int32_t digit =
          static_cast<std::int32_t>((static_cast<std::uint8_t>(activations[i]) >> low) & ((1U << width) - 1U));
      if (low + width == 8 && activations[i] < 0) digit -= 1 << width;  // the last digit has the sign
      sum += codebook[codes[i]] * digit * (1 << low);
    }
  }
  return sum;
}

inline cost::TileColumn digit_column(const config::TileConfig& tile, const config::TensorFormat& format,
                                     config::RomCell) {
  using namespace cost::circuits;
  const double lines = tile.inputs_per_cycle;
  const double digit = tile.parameter("digit_bits");
  const double one = select(std::exp2(format.bits), 8) + multiplier(8, digit) + adder(kGroupSum);
  return {lines * one + 2 * registers(kGroupSum), std::ceil(8 / digit) * (one + registers(kGroupSum) / lines),
          2 * kGroupSum};
}

inline std::vector<cost::TilePath> digit_paths(const cost::TileInPlace& place) {
  using namespace cost::delays;
  const double cycles = place.tile.parameter("multiply_cycles");
  return {{.name = "multiply a digit",
           .fo4 = multiplier(8, place.tile.parameter("digit_bits") + 1),
           .wire_mm = place.line_mm,
           .cycles = cycles,
           .registers = cycles,
           .key = "multiply_cycles"}};
}

inline TileKind digit_serial() {
  TileKind kind{.name = "digit_serial"};
  kind.config.parameters = {{"digit_bits", "bits", 1, 8}, {"multiply_cycles", "cycles"}};
  kind.config.most_inputs_per_cycle = 32;
  kind.config.fault = [](const config::TileConfig& tile) {
    return std::string(tile.parameter("digit_bits") == 7 ? "has digits of 7 bits; expected any other" : "");
  };
  kind.timing.steps = [](const config::TileConfig& tile, std::uint64_t) -> chip::TileSteps {
    std::uint64_t digits = 0;
    for (std::uint32_t bit = 0; bit < 8; bit += tile.parameter("digit_bits")) ++digits;
    return {digits, tile.parameter("multiply_cycles")};
  };
  kind.timing.count = [](const chip::ArrayWork& work, program::Activity& activity) {
    activity.plane_bits += 8 * work.inputs * work.tiles_side_by_side;
    activity.multiply_accumulates += work.weights;
  };
  kind.closed_form.time = [](const config::TileConfig& tile, std::uint64_t) -> closed_form::TileTime {
    return {(8 + tile.parameter("digit_bits") - 1) / tile.parameter("digit_bits"), tile.parameter("multiply_cycles")};
  };
  kind.cost.column = digit_column;
  kind.cost.paths = digit_paths;
  kind.cost.entry_lines = 2;
  kind.products = functional::TileKind{
      [](auto codes, auto codebook, auto activations) { return digit_products(3, codes, codebook, activations); }};
  return kind;
}

}  // namespace kiln::extend
