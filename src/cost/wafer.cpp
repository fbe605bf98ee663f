// Dies on a wafer and how many of them are good.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "cost/cases.hpp"
#include "kiln/cost/money.hpp"

namespace kiln::cost {
namespace {

constexpr std::int64_t kOffsets = 32;  ///< places of the grid in each direction, in parts of its pitch
constexpr double kLeastMm = 0.1;
constexpr double kUmPerMm = 1000;
constexpr double kMm2PerCm2 = 100;

std::int64_t in_um(double mm) { return static_cast<std::int64_t>(std::llround(mm * kUmPerMm)); }

std::int64_t floor_root(std::int64_t square) {
  auto root = static_cast<std::int64_t>(std::sqrt(static_cast<double>(square)));
  while (root * root > square) --root;
  while ((root + 1) * (root + 1) <= square) ++root;
  return root;
}

/// Whole n with |offset + kOffsets n| <= reach, for offset in 0 .. kOffsets / 2.
std::int64_t places(std::int64_t reach, std::int64_t offset) {
  return reach < offset ? 0 : (reach - offset) / kOffsets + 1 + (reach + offset) / kOffsets;
}

/// The farthest offset + kOffsets n, in parts of the pitch, at which a die's centre may be so that its far side
/// stays within `half_chord`; negative if none. All lengths in 1 / (2 kOffsets) um.
std::int64_t reach(std::int64_t half_chord, std::int64_t side_um, std::int64_t pitch_um) {
  const std::int64_t room = half_chord - kOffsets * side_um;
  return room < 0 ? -1 : room / (2 * pitch_um);
}

bool inside(double value, double least, double most) { return value >= least && value <= most; }

/// exp(-x) for x >= 0, without libm: a series on x / 2^n, squared n times.
double exp_of_minus(double x) {
  if (x > 700) return 0;
  int halvings = 0;
  for (; x > 0.5; x /= 2) ++halvings;
  double sum = 0;
  for (int k = 18; k >= 1; --k) sum = -x / k * (1 + sum);
  double result = 1 + sum;
  for (; halvings > 0; --halvings) result *= result;
  return result;
}

/// (1 - exp(-x)) / x for x >= 0.
double mean_of_exp(double x) {
  if (x > 0.5) return (1 - exp_of_minus(x)) / x;
  double sum = 0;
  for (int k = 18; k >= 1; --k) sum = -x / (k + 1) * (1 + sum);
  return 1 + sum;
}

}  // namespace

base::Result<std::uint32_t> dies_per_wafer(double width_mm, double height_mm, double wafer_mm, double edge_exclusion_mm,
                                           double scribe_mm) {
  if (!inside(width_mm, kLeastMm, kMostMm) || !inside(height_mm, kLeastMm, kMostMm))
    return base::Error{fmt::format("a die of {} x {} mm has no place on a wafer; expected sides of {} to {} mm",
                                   width_mm, height_mm, kLeastMm, kMostMm)};
  if (!inside(wafer_mm, 1, kMostMm) || !inside(edge_exclusion_mm, 0, wafer_mm / 2) || !inside(scribe_mm, 0, kMostMm))
    return base::Error{
        fmt::format("a wafer of {} mm, edge exclusion of {} mm and scribe lane of {} mm; expected 1 to {} "
                    "mm, at most half of that, and at most {} mm",
                    wafer_mm, edge_exclusion_mm, scribe_mm, kMostMm, kMostMm)};
  const std::int64_t width = in_um(width_mm), height = in_um(height_mm), scribe = in_um(scribe_mm);
  const std::int64_t radius = kOffsets * (in_um(wafer_mm) - 2 * in_um(edge_exclusion_mm));
  std::int64_t most = 0;
  for (std::int64_t y_offset = 0; y_offset <= kOffsets / 2; ++y_offset) {
    std::vector<std::int64_t> reaches;  // of each row of the grid
    const std::int64_t y_reach = reach(radius, height, height + scribe);
    for (std::int64_t row = -(y_reach + kOffsets) / kOffsets; y_offset + kOffsets * row <= y_reach; ++row) {
      const std::int64_t far_side = 2 * std::abs(y_offset + kOffsets * row) * (height + scribe) + kOffsets * height;
      if (far_side > radius) continue;
      reaches.push_back(reach(floor_root(radius * radius - far_side * far_side), width, width + scribe));
    }
    for (std::int64_t x_offset = 0; x_offset <= kOffsets / 2; ++x_offset) {
      std::int64_t dies = 0;
      for (const std::int64_t row : reaches) dies += places(row, x_offset);
      most = std::max(most, dies);
    }
  }
  if (most == 0)
    return base::Error{
        fmt::format("a die of {:.1f} x {:.1f} mm does not fit the {:.0f} mm of a wafer of {:.0f} mm that can be used",
                    width_mm, height_mm, wafer_mm - 2 * edge_exclusion_mm, wafer_mm)};
  return static_cast<std::uint32_t>(most);
}

double murphy_yield(double area_mm2, double defects_per_cm2) {
  const double factor = mean_of_exp(area_mm2 / kMm2PerCm2 * defects_per_cm2);
  return factor * factor;
}

base::Result<DieSize> die_of_area(const base::Range& area_mm2, double height_per_width) {
  if (!(area_mm2.low > 0) || !(area_mm2.low <= area_mm2.typical) || !(area_mm2.typical <= area_mm2.high) ||
      !inside(area_mm2.high, 0, kMostMm * kMostMm) || !inside(height_per_width, 1e-3, 1e3))
    return base::Error{
        fmt::format("a die of {} to {} to {} mm2 with a height of {} widths; expected areas above 0 that do not fall, "
                    "at most {} mm2, and 0.001 to 1000 widths",
                    area_mm2.low, area_mm2.typical, area_mm2.high, height_per_width, kMostMm * kMostMm)};
  DieSize die;
  for (const base::Corner corner : base::kCorners) {
    die.width_mm.at(corner) = std::sqrt(area_mm2.at(corner) / height_per_width);
    die.height_mm.at(corner) = die.width_mm.at(corner) * height_per_width;
  }
  return die;
}

}  // namespace kiln::cost
