// LoRA unit: y += B (A x) with the adapter that is resident in SRAM, in step with a tile array: it hears the same input
// and has B (A x) ready for the sum at the root of the array's tree. docs/units/lora_unit.md
#pragma once

#include <cstdint>

#include "kiln/program/activity.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::chip {

class LoraUnit {
 public:
  /// A bug where the adapter adds nothing to the array's output.
  LoraUnit(const program::Placement& placement, program::ArrayKind kind);
  /// From the start of the array to the last output of B (A x).
  [[nodiscard]] std::uint64_t cycles() const;
  void count(program::Activity& activity) const;

 private:
  config::LoraConfig lora_;
  program::AdapterPlan::Array plan_;
};

}  // namespace kiln::chip
