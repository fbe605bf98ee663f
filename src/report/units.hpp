// Quantities as the screen shows them: three significant digits and a unit that fits them. JSON documents keep their
// own units, which are in their keys.
#pragma once

#include <string>

#include "kiln/base/range.hpp"

namespace kiln::report {

/// 763e-6 -> "763 µs"; 1.2e-3 -> "1.20 ms"; from ns to s.
std::string seconds(double value);
inline std::string microseconds(double value) { return seconds(value * 1e-6); }
inline std::string milliseconds(double value) { return seconds(value * 1e-3); }

/// 3.32 -> "3.32 J"; 2.18e-3 -> "2.18 mJ"; from pJ to J.
std::string joules(double value);
inline std::string millijoules(double value) { return joules(value * 1e-3); }
/// In the typical value's unit: "2.18 mJ (0.647 to 5.86)".
std::string millijoules(const base::Range& value);

}  // namespace kiln::report
