// Floors of a chip's latencies, for what finds the numbers of a config's `auto` (settle.cpp) and for its clock paths.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cost/paths.hpp"

namespace kiln::cost {

inline constexpr std::uint32_t kMostCycles = 4096;  ///< of a latency
inline constexpr std::uint32_t kNever = 0;          ///< a floor: no number of cycles would do

/// By the JSON pointer of each latency: the most cycles that any of its paths asks for.
std::map<std::string, std::uint32_t> floors_of(const std::vector<Path>& paths, const config::TechConfig& tech,
                                               std::uint32_t clock_mhz);

}  // namespace kiln::cost
