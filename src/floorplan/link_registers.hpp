// The registers of a link by its length.
#pragma once

#include <cstdint>

namespace kiln::floorplan {

/// Cycles that `length_mm` takes, at least 1; an excess over a whole number by rounding adds no cycle.
std::uint32_t link_registers(double length_mm, double wire_ps_per_mm, std::uint32_t clock_mhz);

}  // namespace kiln::floorplan
