// Floors of a chip's latencies: the fewest cycles in which what a latency stands for can be done at the chip's clock,
// typical. A latency of fewer is a path that is not met (clock_paths); one that the config gives as `auto` is its floor.
// docs/cost.md
#pragma once

#include "kiln/base/result.hpp"
#include "kiln/cost/die.hpp"

namespace kiln::cost {

/// The chip with every `auto` replaced by its floor; `automatic` keeps their names. A latency that no path of this chip
/// has (of a kind of tile that is not chosen) is 1. Fails where the chip has an `auto` and no `silicon`, where it
/// cannot be placed, and where a floor is more than the key allows. `tech`: of the chip's silicon.
base::Result<config::ChipConfig> resolve_latencies(const config::ChipConfig& chip, const config::ModelConfig& model,
                                                   const config::BakeRecipe& recipe, const config::TechConfig& tech);

/// The highest clock at which all paths are met, typical: all of them at the same clock.
std::uint32_t highest_clock_mhz(const std::vector<ClockPath>& paths, std::uint32_t clock_mhz);

}  // namespace kiln::cost
