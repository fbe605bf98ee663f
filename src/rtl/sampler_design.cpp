// The sampler as RTL: docs/units/lm_head.md
#include "rtl/unit_design.hpp"

namespace kiln::rtl {

UnitDesign sampler(const program::Placement& placement) {
  const config::ChipConfig& chip = placement.chip();
  UnitDesign design;
  design.module = "kiln_sampler";
  design.parameter("VocabSize", placement.model().vocab_size);
  design.parameter("BeatElements", chip.link.beat_elements());
  design.parameter("Lanes", chip.sampler.lanes);
  design.parameter("CompareCycles", chip.sampler.compare_cycles);
  design.parameter("DrawCycles", chip.sampler.draw_cycles);
  design.parameter("MaxTopK", chip.sampler.max_top_k);
  design.input("greedy_i", 1);
  design.input("factor_i", 32);
  design.input("top_k_i", 4);
  design.input("seed_i", 64);
  design.input("position_i", 32);
  design.stream_in("logits", elements_bits(chip.link));
  design.stream_out("id", 32);
  return design;
}

}  // namespace kiln::rtl
