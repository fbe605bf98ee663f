// Intervals of time that may overlap and come in any order, and how many cycles they cover together.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "kiln/base/units.hpp"

namespace kiln::chip {

class Intervals {
 public:
  /// [first, last)
  void add(base::Cycles first, base::Cycles last);
  [[nodiscard]] bool empty() const { return list_.empty(); }
  void clear() { list_.clear(); }
  /// Cycles before `until` that are in one of them at least.
  [[nodiscard]] std::uint64_t covered(base::Cycles until = base::Cycles(UINT64_MAX));

 private:
  std::vector<std::pair<base::Cycles, base::Cycles>> list_;
};

}  // namespace kiln::chip
