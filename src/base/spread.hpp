// What several rounds of one measurement say: the middle one and the two ends. No mean: one round that the machine
// disturbed would move it.
#pragma once

#include <algorithm>
#include <vector>

#include "kiln/base/result.hpp"

namespace kiln::base {

struct Spread {
  double median = 0;  ///< of an even number the mean of the two in the middle
  double least = 0, most = 0;
};

/// Of at least one value, in any order.
inline Spread spread_of(std::vector<double> values) {
  check(!values.empty(), "spread: at least one value");
  std::ranges::sort(values);
  const auto count = values.size();
  return {(values[(count - 1) / 2] + values[count / 2]) / 2, values.front(), values.back()};
}

}  // namespace kiln::base
