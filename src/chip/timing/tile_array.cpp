#include "chip/timing/tile_array.hpp"

#include <algorithm>

#include "chip/timing/streams.hpp"
#include "numerics/matrix.hpp"

namespace kiln::chip {
namespace {

constexpr std::uint64_t kGroup = numerics::kGroup;

struct Pass {
  std::uint64_t cycles = 0;
  std::uint64_t segments = 0;
};

/// A tile's pass over inputs [first, last): a segment of a group ends with its scale, which must not be overtaken.
Pass tile_pass(std::uint64_t first, std::uint64_t last, std::uint64_t inputs_per_cycle, std::uint64_t beat,
               std::uint64_t scale_cycles) {
  Pass pass;
  while (first < last) {
    const std::uint64_t end = std::min(last, (first / kGroup + 1) * kGroup);
    pass.cycles += std::max(base::ceil_div(end - first, inputs_per_cycle) * beat, scale_cycles);
    ++pass.segments;
    first = end;
  }
  return pass;
}

}  // namespace

TileArray::TileArray(const program::Placement& placement, program::ArrayKind kind)
    : tile_(placement.tile(kind)),
      plan_(placement.array(kind)),
      kind_(tile_kind(tile_.microarchitecture)),
      steps_(kind_.steps(tile_, plan_.outputs)) {
  base::check(steps_.beat > 0, "tile array: a step of no cycles");
  scale_cycles_ = base::ceil_div(std::min(tile_.columns, plan_.outputs), tile_.scale_lanes);
  for (std::uint64_t first = 0; first < plan_.inputs; first += tile_.rows) {
    const std::uint64_t last = std::min<std::uint64_t>(plan_.inputs, first + tile_.rows);
    const Pass pass = tile_pass(first, last, tile_.inputs_per_cycle, steps_.beat, scale_cycles_);
    pass_cycles_ = std::max(pass_cycles_, pass.cycles);
    segments_ += pass.segments;
  }
  for (std::uint64_t first = 0; first < plan_.inputs; first += kGroup) {
    const std::uint64_t last = std::min<std::uint64_t>(plan_.inputs, first + kGroup) - 1;
    chain_ = std::max(chain_, last / tile_.rows - first / tile_.rows);
  }
  timing_.flow = Flow::Barrier;
  timing_.beats_in = beats_of(placement.chip().link, plan_.inputs);
  timing_.beats_out = 1;  // all partial sums side by side
  timing_.start_delay = 1;
  timing_.latency = timing_.start_delay + cycles();
}

std::uint64_t TileArray::cycles() const {
  return steps_.latency + pass_cycles_ + scale_cycles_ * (1 + chain_) + tile_.accumulate_cycles;
}

void TileArray::count(program::Activity& activity) const {
  const ArrayWork work = {plan_.inputs, plan_.tiles_over_outputs, plan_.weights, segments_, plan_.codebook_values};
  kind_.count(work, activity);
  activity.group_scales += plan_.outputs * base::ceil_div(plan_.inputs, kGroup);
}

}  // namespace kiln::chip
