// Tiles of the microarchitecture bit_serial. Activations enter bit by bit; each output counts the bits under every
// value of the codebook and multiplies the counts by these constants once a segment. docs/units/bit_serial.md
#pragma once

#include "chip/timing/tile_steps.hpp"
#include "kiln/program/activity.hpp"

namespace kiln::chip::bit_serial {

inline constexpr std::uint64_t kActivationBits = 8;  ///< of an INT8 activation: planes of a step

TileSteps steps(const config::TileConfig& tile);
void count(const ArrayWork& work, program::Activity& activity);

}  // namespace kiln::chip::bit_serial
