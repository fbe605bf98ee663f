// What a microarchitecture says of its tiles' timing and work; the rest is common to all and stands in tile_array.hpp.
#pragma once

#include <cstdint>

#include "kiln/program/placement.hpp"

namespace kiln::chip {

/// A step takes up to inputs_per_cycle inputs of one group.
struct TileSteps {
  std::uint64_t beat = 1;     ///< cycles of a step
  std::uint64_t latency = 0;  ///< cycles ahead of accumulation, once a product
};

/// What an array does for one token, of which each microarchitecture makes its own counts.
struct ArrayWork {
  std::uint64_t inputs = 0;
  std::uint64_t tiles_side_by_side = 0;
  std::uint64_t weights = 0;
  std::uint64_t segments = 0;         ///< of all tiles over the inputs: parts of groups that lie in one tile
  std::uint64_t codebook_values = 0;  ///< sum over the outputs of the values in their codebook
};

}  // namespace kiln::chip
