#include "rtl/unit_design.hpp"

namespace kiln::rtl {

UnitDesign sampler(const program::Placement& placement) {
  const auto& chip = placement.chip();
  UnitDesign d;
  d.module = "kiln_sampler";
  d.parameter("VocabSize", placement.model().vocab_size);
  d.parameter("BeatElements", chip.link.beat_elements());
  d.parameter("Lanes", chip.sampler.lanes);
  d.parameter("CompareCycles", chip.sampler.compare_cycles);
  d.parameter("DrawCycles", chip.sampler.draw_cycles);
  d.parameter("MaxTopK", chip.sampler.max_top_k);
  d.input("greedy_i", 1);
  d.input("factor_i", 32);
  d.input("top_k_i", 4);
  d.input("seed_i", 64);
  d.input("position_i", 32);
  d.stream_in("logits", elements_bits(chip.link));
  d.stream_out("id", 32);
  return d;
}

}  // namespace kiln::rtl
