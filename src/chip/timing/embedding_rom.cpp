#include "chip/timing/embedding_rom.hpp"

#include "chip/timing/streams.hpp"

namespace kiln::chip {

EmbeddingRom::EmbeddingRom(const program::Placement& placement) : elements_(placement.model().hidden_size) {
  const config::ChipConfig& chip = placement.chip();
  timing_.flow = Flow::Barrier;
  timing_.beats_in = 1;
  timing_.beats_out = beats_of(chip.link, elements_);
  timing_.interval = cycles_per_beat(chip.link, chip.embedding.elements_per_cycle);
  timing_.latency = chip.embedding.read_cycles + last_lane_group(timing_.interval);
}

}  // namespace kiln::chip
