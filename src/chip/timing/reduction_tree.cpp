#include "chip/timing/reduction_tree.hpp"

#include "chip/timing/streams.hpp"

namespace kiln::chip {

std::uint64_t output_beats(const program::Placement& placement, program::ArrayKind kind) {
  std::uint64_t beats = 0;
  for (const auto& section : placement.dataflow().sections(kind))
    beats += beats_of(placement.chip().link, section.rows);
  return beats;
}

ReductionTree::ReductionTree(const program::Placement& placement, program::ArrayKind kind)
    : plan_(placement.array(kind)) {
  const config::ChipConfig& chip = placement.chip();
  for (std::uint64_t reach = 1; reach < plan_.tiles_over_inputs; reach *= chip.reduction.fan_in) ++depth_;
  timing_.flow = Flow::Barrier;
  timing_.beats_in = 1;
  timing_.beats_out = output_beats(placement, kind);
  timing_.interval = cycles_per_beat(chip.link, chip.reduction.outputs_per_cycle);
  timing_.latency = depth_ * chip.reduction.level_cycles + chip.reduction.scale_cycles;
  if (placement.adapts(kind)) timing_.latency += chip.lora->add_cycles;
  timing_.latency += last_lane_group(timing_.interval);
}

void ReductionTree::count(program::Activity& activity) const {
  activity.tree_additions += std::uint64_t{plan_.outputs} * (plan_.tiles_over_inputs - 1);
  activity.row_results += plan_.outputs;
}

}  // namespace kiln::chip
