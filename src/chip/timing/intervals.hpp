// Intervals of time that may overlap and come in any order, and how many cycles they cover together.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "kiln/base/units.hpp"

namespace kiln::chip {

class Intervals {
 public:
  /// [first, last), not before what is settled.
  void add(base::Cycles first, base::Cycles last);
  void clear();
  /// Nothing that begins before `before` will be added: what lies before it may be counted and forgotten, which happens
  /// when the list has become twice as long since.
  void settle(base::Cycles before);
  /// Intervals that are kept.
  [[nodiscard]] std::size_t kept() const { return list_.size(); }
  /// Cycles before `until` that are in one of them at least; `until` is not before what is settled.
  [[nodiscard]] std::uint64_t covered(base::Cycles until = base::Cycles(UINT64_MAX));

 private:
  static constexpr std::size_t kShortList = 256;
  /// Counts up to `until`, from the list's beginning, which is in order.
  void count(base::Cycles until, std::uint64_t& cycles, base::Cycles& reached) const;
  std::vector<std::pair<base::Cycles, base::Cycles>> list_;
  std::size_t longest_ = kShortList;  ///< beyond that something is settled
  std::uint64_t settled_cycles_ = 0;
  base::Cycles settled_;  ///< up to here
};

}  // namespace kiln::chip
