// What a kind of tile (a microarchitecture) says of its time and its work; the rest of a tile array is common to all
// kinds: src/chip/timing/tile_array.hpp, docs/units/tile_array.md.
#pragma once

#include <cstdint>
#include <functional>

#include "kiln/config/chip_config.hpp"
#include "kiln/program/activity.hpp"

namespace kiln::chip {

/// A step takes up to inputs_per_cycle inputs of one group.
struct TileSteps {
  std::uint64_t beat = 1;     ///< cycles of a step, at least 1
  std::uint64_t latency = 0;  ///< cycles before accumulation, once a product
};

/// What an array does for one token, of which each kind makes its own counts.
struct ArrayWork {
  std::uint64_t inputs = 0;
  std::uint64_t tiles_side_by_side = 0;
  std::uint64_t weights = 0;
  std::uint64_t segments = 0;         ///< of all tiles over the inputs: parts of groups that are in one tile
  std::uint64_t codebook_values = 0;  ///< sum over the outputs of the values in their codebook
};

struct TileKind {
  /// `outputs`: of the array; a tile wider than the array has lanes only for these.
  std::function<TileSteps(const config::TileConfig& tile, std::uint64_t outputs)> steps = {};
  /// Adds one token's work to the counters; group scales are counted for all kinds.
  std::function<void(const ArrayWork& work, program::Activity& activity)> count = {};
};

}  // namespace kiln::chip
