#include "chip/tile_array.hpp"

#include <algorithm>

#include "chip/streams.hpp"
#include "kiln/numerics/matrix.hpp"

namespace kiln::chip {
namespace {

constexpr std::uint64_t kGroup = numerics::kGroup;

/// Cycles in which a tile takes inputs [first, last): a segment of a group ends with its scale, which must not be
/// overtaken.
std::uint64_t tile_pass(std::uint64_t first, std::uint64_t last, std::uint64_t inputs_per_cycle,
                        std::uint64_t scale_cycles) {
  std::uint64_t cycles = 0;
  while (first < last) {
    const std::uint64_t end = std::min(last, (first / kGroup + 1) * kGroup);
    cycles += std::max(base::ceil_div(end - first, inputs_per_cycle), scale_cycles);
    first = end;
  }
  return cycles;
}

}  // namespace

TileArray::TileArray(const program::Placement& placement, program::ArrayKind kind)
    : tile_(placement.chip().tile), plan_(placement.array(kind)) {
  scale_cycles_ = base::ceil_div(std::min(tile_.columns, plan_.outputs), tile_.scale_lanes);
  for (std::uint64_t first = 0; first < plan_.inputs; first += tile_.rows) {
    const std::uint64_t last = std::min<std::uint64_t>(plan_.inputs, first + tile_.rows);
    pass_cycles_ = std::max(pass_cycles_, tile_pass(first, last, tile_.inputs_per_cycle, scale_cycles_));
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
  return tile_.product_cycles + pass_cycles_ + scale_cycles_ * (1 + chain_) + tile_.accumulate_cycles;
}

void TileArray::count(Activity& activity) const {
  activity.products += std::uint64_t{plan_.inputs} * plan_.tiles_over_outputs;
  activity.selections += plan_.weights;
  activity.group_scales += plan_.outputs * base::ceil_div(plan_.inputs, kGroup);
}

}  // namespace kiln::chip
