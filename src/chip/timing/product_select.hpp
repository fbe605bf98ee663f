// Tiles of the microarchitecture product_select. The products of an input with every value of the codebook are formed
// once a tile; each ROM cell selects one. docs/units/product_select.md
#pragma once

#include "chip/timing/tile_steps.hpp"
#include "kiln/program/activity.hpp"

namespace kiln::chip::product_select {

TileSteps steps(const config::TileConfig& tile);
void count(const ArrayWork& work, program::Activity& activity);

}  // namespace kiln::chip::product_select
