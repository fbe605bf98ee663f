// A ROM tile array of any kind of tile: the tiles of the matrices that share an input, in lock step.
// Starts when the whole input has arrived, since the largest exponent is known with the last beat.
// docs/units/tile_array.md
#pragma once

#include <cstdint>

#include "chip/timing/operation.hpp"
#include "chip/timing/tile_kinds.hpp"
#include "kiln/program/activity.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::chip {

class TileArray {
 public:
  TileArray(const program::Placement& placement, program::ArrayKind kind);
  /// Cycles in which a tile's partial sums take their group scale.
  [[nodiscard]] std::uint64_t scale_cycles() const { return scale_cycles_; }
  /// Cycles of a step and latency ahead, by the tiles' microarchitecture.
  [[nodiscard]] const TileSteps& steps() const { return steps_; }
  /// Cycles in which the slowest tile takes its inputs, segment by segment.
  [[nodiscard]] std::uint64_t pass_cycles() const { return pass_cycles_; }
  /// Hops of the partial sums of a group that tile borders cut.
  [[nodiscard]] std::uint64_t chain() const { return chain_; }
  /// Parts of groups that are in one tile, over all tiles over the inputs.
  [[nodiscard]] std::uint64_t segments() const { return segments_; }
  /// From the start to the partial sums of all tiles.
  [[nodiscard]] std::uint64_t cycles() const;
  [[nodiscard]] OpTiming timing() const { return timing_; }
  void count(program::Activity& activity) const;

 private:
  const config::TileConfig& tile_;
  const program::ArrayPlan& plan_;
  const TileKind& kind_;
  TileSteps steps_;
  std::uint64_t scale_cycles_ = 0, pass_cycles_ = 0, chain_ = 0, segments_ = 0;
  OpTiming timing_;
};

}  // namespace kiln::chip
