#include "chip/timing/intervals.hpp"

#include <algorithm>

namespace kiln::chip {

using base::Cycles;

void Intervals::add(Cycles first, Cycles last) {
  if (!list_.empty() && list_.back().first <= first && first <= list_.back().second) {
    list_.back().second = std::max(list_.back().second, last);
  } else {
    list_.emplace_back(first, last);
  }
}

std::uint64_t Intervals::covered(Cycles until) {
  std::sort(list_.begin(), list_.end());
  std::uint64_t cycles = 0;
  Cycles reached;
  for (const auto& [first, last] : list_) {
    const Cycles from = std::max(first, reached);
    const Cycles to = std::min(last, until);
    if (to <= from) continue;
    cycles += (to - from).count();
    reached = to;
  }
  return cycles;
}

}  // namespace kiln::chip
