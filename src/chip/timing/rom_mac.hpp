// Tiles of the microarchitecture rom_mac. Rows of a ROM are read; mac_lanes outputs a cycle look their codes up,
// multiply and accumulate. docs/units/rom_mac.md
#pragma once

#include "chip/timing/tile_steps.hpp"
#include "kiln/program/activity.hpp"

namespace kiln::chip::rom_mac {

/// `outputs`: of the array; a tile wider than it has lanes for what there is.
TileSteps steps(const config::TileConfig& tile, std::uint64_t outputs);
void count(const ArrayWork& work, program::Activity& activity);

}  // namespace kiln::chip::rom_mac
