#include "chip/lm_head.hpp"

#include "chip/streams.hpp"

namespace kiln::chip {

Sampler::Sampler(const program::Placement& placement) : logits_(placement.model().vocab_size) {
  timing_.flow = Flow::Absorb;
  timing_.beats_in = beats_of(placement.chip().link, logits_);
  timing_.beats_out = 1;
  timing_.latency = placement.chip().sampler.compare_cycles;
}

}  // namespace kiln::chip
