// The committed list of configurations of a unit: tests/rtl/cosim/UNIT.json, made by scripts/cosim-configurations so
// that every pair of values of two parameters occurs in one of at most 40 of them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kiln/base/result.hpp"

namespace kiln::rtl {

using Configuration = std::map<std::string, std::uint32_t>;

inline std::vector<Configuration> configurations(const std::string& unit) {
  std::ifstream in(std::string(KILN_SOURCE_DIR "/tests/rtl/cosim/") + unit + ".json");
  base::check(in.good(), "no configurations of " + unit);
  auto found = nlohmann::json::parse(in).at("configurations").get<std::vector<Configuration>>();
  base::check(!found.empty(), "the list of configurations of " + unit + " is empty");
  return found;
}

/// Configurations that are verilated and run side by side: few compilations, few idle ones beside a slow one.
inline constexpr std::size_t kGroupSize = 10;

/// KILN_COSIM_QUICK: a few configurations of each group and fewer transactions, for scripts/rtl-mutations, which runs
/// a fault that survives that once more with all of them.
inline bool quick() { return std::getenv("KILN_COSIM_QUICK") != nullptr; }
inline constexpr std::size_t kQuickSize = 3;

inline std::size_t groups(const std::string& unit) {
  return (configurations(unit).size() + kGroupSize - 1) / kGroupSize;
}

inline std::vector<Configuration> group(const std::string& unit, std::size_t index) {
  const auto all = configurations(unit);
  const std::size_t first = index * kGroupSize;
  const std::size_t last = std::min(all.size(), first + (quick() ? kQuickSize : kGroupSize));
  return {all.begin() + static_cast<std::ptrdiff_t>(first), all.begin() + static_cast<std::ptrdiff_t>(last)};
}

}  // namespace kiln::rtl
