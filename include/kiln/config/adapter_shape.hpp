// What a LoRA adapter adds to, without its values: y += B (A x) for a matrix y = W x of a class, A rank x inputs, B
// outputs x rank.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "kiln/config/bake_recipe.hpp"

namespace kiln::config {

/// One rank for all layers: the chip runs them alike, so a layer with less takes the time and the space of the largest.
struct AdapterShape {
  std::array<std::uint32_t, kTensorClasses> ranks{};  ///< by tensor class; 0: nothing is added
  [[nodiscard]] std::uint32_t rank(TensorClass c) const { return ranks[static_cast<std::size_t>(c)]; }
  [[nodiscard]] bool empty() const {
    return std::ranges::all_of(ranks, [](std::uint32_t rank) { return rank == 0; });
  }
  bool operator==(const AdapterShape&) const = default;
};

}  // namespace kiln::config
