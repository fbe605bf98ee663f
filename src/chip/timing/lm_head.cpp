#include "chip/timing/lm_head.hpp"

#include "chip/timing/streams.hpp"

namespace kiln::chip {

Sampler::Sampler(const program::Placement& placement)
    : logits_(placement.model().vocab_size), draw_cycles_(placement.chip().sampler.draw_cycles) {
  timing_.flow = Flow::Absorb;
  timing_.beats_in = beats_of(placement.chip().link, logits_);
  timing_.beats_out = 1;
  const config::SamplerConfig& sampler = placement.chip().sampler;
  timing_.latency = last_lane_group(cycles_per_beat(placement.chip().link, sampler.lanes)) + sampler.compare_cycles;
}

OpTiming Sampler::timing(bool greedy) const {
  OpTiming t = timing_;
  if (!greedy) t.latency += draw_cycles_;
  return t;
}

void Sampler::count(bool greedy, program::Activity& activity) const {
  activity.logits_compared += logits_;
  if (!greedy) ++activity.draws;
}

}  // namespace kiln::chip
