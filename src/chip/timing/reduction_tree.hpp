// The adders over the tiles of an array, then the row scale: partial sums in, streams of elements out.
// docs/units/reduction_tree.md
#pragma once

#include <cstdint>

#include "chip/timing/operation.hpp"
#include "kiln/program/activity.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::chip {

class ReductionTree {
 public:
  ReductionTree(const program::Placement& placement, program::ArrayKind kind);
  [[nodiscard]] std::uint64_t depth() const { return depth_; }
  [[nodiscard]] OpTiming timing() const { return timing_; }
  void count(program::Activity& activity) const;

 private:
  const program::ArrayPlan& plan_;
  std::uint64_t depth_ = 0;
  OpTiming timing_;
};

/// Beats of an array's outputs: each section by itself.
std::uint64_t output_beats(const program::Placement& placement, program::ArrayKind kind);

}  // namespace kiln::chip
