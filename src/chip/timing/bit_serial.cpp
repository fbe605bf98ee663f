// Tiles of the kind bit_serial. Activations enter bit by bit; each output counts the bits under every value of the
// codebook and multiplies the counts by these constants once a segment. docs/units/bit_serial.md
#include "chip/timing/tile_kinds.hpp"

namespace kiln::chip {

TileKind bit_serial() {
  static constexpr std::uint64_t kActivationBits = 8;  // of an INT8 activation: planes of a step
  return {
      .steps = [](const config::TileConfig& tile, std::uint64_t) -> TileSteps {
        return {kActivationBits, std::uint64_t{tile.parameter("count_cycles")} + tile.parameter("multiply_cycles")};
      },
      .count =
          [](const ArrayWork& work, program::Activity& activity) {
            activity.plane_bits += kActivationBits * work.inputs * work.tiles_side_by_side;
            activity.counted_bits += kActivationBits * work.weights;
            activity.constant_multiplications += work.segments * work.codebook_values;
          },
  };
}

}  // namespace kiln::chip
