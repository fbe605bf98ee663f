#include "cost/memory.hpp"

#include <algorithm>

namespace kiln::cost {

double macro_um2_per_bit(const std::array<config::TechConstant, config::kMacroWords.size()>& densities, double words,
                         base::Corner corner) {
  const auto& sizes = config::kMacroWords;
  if (words >= sizes.back()) return densities.back().at(corner);
  std::size_t i = 0;
  while (i + 2 < sizes.size() && words > sizes[i + 1]) ++i;
  const double from = 1.0 / sizes[i], to = 1.0 / sizes[i + 1];
  const double a = densities[i].at(corner), b = densities[i + 1].at(corner);
  // A table that falls with fewer words would go below zero where it is continued.
  return std::max(std::min(a, b), a + (b - a) * (1.0 / words - from) / (to - from));
}

}  // namespace kiln::cost
