#include "report/units.hpp"

#include <fmt/format.h>

#include <cmath>
#include <span>

#include "report/table.hpp"

namespace kiln::report {
namespace {

struct Unit {
  double size;
  const char* name;
};
constexpr Unit kTimes[] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}, {1e-9, "ns"}};
constexpr Unit kEnergies[] = {{1, "J"}, {1e-3, "mJ"}, {1e-6, "µJ"}, {1e-9, "nJ"}, {1e-12, "pJ"}};

/// The largest in which the value, as it is written, is at least 1; nothing is measured in the largest.
Unit unit_of(double value, std::span<const Unit> units) {
  if (value == 0) return units.front();
  for (const auto& unit : units)
    if (std::abs(value) >= 0.9995 * unit.size) return unit;
  return units.back();
}

std::string with_unit(double value, std::span<const Unit> units) {
  const Unit unit = unit_of(value, units);
  return fmt::format("{} {}", number(value / unit.size), unit.name);
}

}  // namespace

std::string seconds(double value) { return with_unit(value, kTimes); }
std::string joules(double value) { return with_unit(value, kEnergies); }

std::string millijoules(const base::Range& value) {
  const Unit unit = unit_of(value.typical * 1e-3, kEnergies);
  const double scale = 1e-3 / unit.size;
  return fmt::format("{} {} ({} to {})", number(value.typical * scale), unit.name, number(value.low * scale),
                     number(value.high * scale));
}

}  // namespace kiln::report
