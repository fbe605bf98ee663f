// Delays of the circuits of circuits.hpp, in delays of an inverter that drives four (FO4); chosen, of the order of
// published ones: a prefix adder of 64 bits 11, a 2:1 multiplexer 1.5, a full adder 3.
#pragma once

#include <algorithm>
#include <cmath>

namespace kiln::cost::delays {

inline constexpr double kFullAdder = 3;
inline constexpr double kMultiplexer = 1.5;
inline constexpr double kAnd = 1;

inline double adder(double bits) { return 2 + 1.5 * std::ceil(std::log2(bits)); }
inline double select(double ways) { return ways > 1 ? kMultiplexer * std::ceil(std::log2(ways)) : 0; }
/// Carry-save levels of ratio 3:2 over so many numbers beside an accumulated one.
inline double carry_save(double numbers) {
  return numbers > 1 ? kFullAdder * std::ceil(std::log(numbers) / std::log(1.5)) : 0;
}
/// Partial products, carry-save levels of ratio 3:2, a final adder.
inline double multiplier(double a, double b) {
  return kAnd + kFullAdder * std::ceil(std::log(std::min(a, b) / 2) / std::log(1.5)) + adder(a + b);
}

}  // namespace kiln::cost::delays
