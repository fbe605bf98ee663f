#include "chip/timing/bit_serial.hpp"

namespace kiln::chip::bit_serial {

TileSteps steps(const config::TileConfig& tile) {
  return {kActivationBits, std::uint64_t{tile.bit_serial->count_cycles} + tile.bit_serial->multiply_cycles};
}

void count(const ArrayWork& work, program::Activity& activity) {
  activity.plane_bits += kActivationBits * work.inputs * work.tiles_side_by_side;
  activity.counted_bits += kActivationBits * work.weights;
  activity.constant_multiplications += work.segments * work.codebook_values;
}

}  // namespace kiln::chip::bit_serial
