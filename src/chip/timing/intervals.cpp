#include "chip/timing/intervals.hpp"

#include <algorithm>

namespace kiln::chip {

using base::Cycles;

void Intervals::add(Cycles first, Cycles last) {
  base::check(first >= settled_, "intervals: one that begins before what is settled");
  if (!list_.empty() && list_.back().first <= first && first <= list_.back().second) {
    list_.back().second = std::max(list_.back().second, last);
  } else {
    list_.emplace_back(first, last);
  }
}

void Intervals::clear() {
  list_.clear();
  longest_ = kShortList;
  settled_cycles_ = 0;
  settled_ = {};
}

void Intervals::settle(Cycles before) {
  if (list_.size() <= longest_ || before <= settled_) return;
  std::sort(list_.begin(), list_.end());
  Cycles reached = settled_;
  count(before, settled_cycles_, reached);
  settled_ = before;
  std::erase_if(list_, [&](const auto& interval) { return interval.second <= before; });
  for (auto& [first, last] : list_) first = std::max(first, before);
  longest_ = std::max(kShortList, 2 * list_.size());
}

void Intervals::count(Cycles until, std::uint64_t& cycles, Cycles& reached) const {
  for (const auto& [first, last] : list_) {
    const Cycles from = std::max(first, reached);
    const Cycles to = std::min(last, until);
    if (to <= from) continue;
    cycles += (to - from).count();
    reached = to;
  }
}

std::uint64_t Intervals::covered(Cycles until) {
  base::check(until >= settled_, "intervals: counted up to less than what is settled");
  std::sort(list_.begin(), list_.end());
  std::uint64_t cycles = settled_cycles_;
  Cycles reached = settled_;
  count(until, cycles, reached);
  return cycles;
}

}  // namespace kiln::chip
