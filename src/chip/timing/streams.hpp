// Widths as numbers of beats, and the few figures that several units derive from a model.
#pragma once

#include <cstdint>

#include "kiln/base/units.hpp"
#include "kiln/config/chip_config.hpp"

namespace kiln::chip {

/// Beats that `elements` take on a link; each vector or section begins a new beat.
inline std::uint64_t beats_of(const config::LinkConfig& link, std::uint64_t elements) {
  return base::ceil_div(elements, link.beat_elements());
}
/// Cycles that a unit with `lanes` needs for a beat.
inline std::uint64_t cycles_per_beat(const config::LinkConfig& link, std::uint64_t lanes) {
  return base::ceil_div(link.beat_elements(), lanes);
}
/// Cycles from the first lane group of a beat, which takes `cycles`, to the last, when the beat is available.
inline std::uint64_t last_lane_group(std::uint64_t cycles) { return cycles - 1; }

}  // namespace kiln::chip
