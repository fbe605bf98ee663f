// The scale lanes that a tile has where nothing is said of them (configs/README.md): the scales of a group of 64 inputs
// take as many cycles as the inputs do, so that they never hold the tile up.
#pragma once

#include <cstdint>

namespace kiln::config {

/// Of a tile with so many columns.
std::uint32_t scale_lanes_in_time(std::uint32_t columns, std::uint32_t inputs_per_cycle);

}  // namespace kiln::config
