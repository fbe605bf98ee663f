#include "chip/timing/lora_unit.hpp"

namespace kiln::chip {

LoraUnit::LoraUnit(const program::Placement& placement, program::ArrayKind kind)
    : lora_(placement.chip().lora.value()), plan_(placement.adapter().arrays[static_cast<std::size_t>(kind)]) {
  base::check(placement.adapts(kind), "LoRA unit: nothing to add to this array");
}

std::uint64_t LoraUnit::cycles() const {
  const std::uint64_t matrix = lora_.read_cycles + lora_.multiply_cycles + lora_.accumulate_cycles;
  const std::uint64_t down = matrix + base::ceil_div(plan_.down_weights, lora_.macs);
  const std::uint64_t up = matrix + base::ceil_div(plan_.up_weights, lora_.macs);
  return down + lora_.quantise_cycles + up;
}

void LoraUnit::count(program::Activity& activity) const {
  activity.lora_macs += plan_.down_weights + plan_.up_weights;
  activity.lora_additions += plan_.outputs;
}

}  // namespace kiln::chip
