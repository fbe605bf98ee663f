#include "cost/memory.hpp"

#include <algorithm>
#include <cmath>

namespace kiln::cost {

base::Range Ports::line() const {
  base::Range length;
  for (const auto corner : base::kCorners) length.at(corner) = std::sqrt(cell.at(corner));
  return length;
}

Ports sram_ports(const config::TechConfig& tech, std::uint32_t ports) {
  Ports best;
  for (std::uint32_t copies = 1; copies <= ports; ++copies) {
    Ports some{.copies = static_cast<double>(copies), .of_a_copy = std::ceil(static_cast<double>(ports) / copies)};
    for (const auto corner : base::kCorners)
      some.cell.at(corner) = (1 + (some.of_a_copy - 1) * tech.sram_port_height.at(corner)) *
                             (1 + (some.of_a_copy - 1) * tech.sram_port_width.at(corner));
    if (copies == 1 || some.area().typical < best.area().typical) best = some;
  }
  return best;
}

double macro_um2_per_bit(const std::array<config::TechConstant, config::kMacroWords.size()>& densities, double words,
                         base::Corner corner) {
  const auto& sizes = config::kMacroWords;
  if (words >= sizes.back()) return densities.back().at(corner);
  if (words < sizes.front()) {
    // Continued in the typical table's shape for every corner: each table's own would let them cross.
    const double first = densities[0].typical, second = densities[1].typical;
    const double steps = (1.0 / std::max(1.0, words) - 1.0 / sizes[0]) / (1.0 / sizes[0] - 1.0 / sizes[1]);
    const double growth = first > 0 ? 1 + (1 - second / first) * steps : 1;
    return densities[0].at(corner) * std::max(1.0, growth);  // a table that falls with fewer words is not continued
  }
  std::size_t i = 0;
  while (i + 2 < sizes.size() && words > sizes[i + 1]) ++i;
  const double from = 1.0 / sizes[i], to = 1.0 / sizes[i + 1];
  const double a = densities[i].at(corner), b = densities[i + 1].at(corner);
  return a + (b - a) * (1.0 / words - from) / (to - from);
}

}  // namespace kiln::cost
