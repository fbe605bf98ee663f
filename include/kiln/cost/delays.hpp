// Delays of the circuits of circuits.hpp, in delays of an inverter that drives four (FO4); chosen, of the order of
// published ones: a prefix adder of 64 bits 11, a 2:1 multiplexer 1.5, a full adder 3. docs/validation/depth.md has what
// Yosys makes of the RTL's functions beside what these give for them.
#pragma once

#include <algorithm>
#include <cmath>

namespace kiln::cost::delays {

inline constexpr double kFullAdder = 3;
inline constexpr double kMultiplexer = 1.5;
inline constexpr double kAnd = 1;

/// Wires between a function's gates and their fan-out beyond four, for each of its gates' delay; chosen: a third of a
/// path of placed logic is wire. Wires across a tile are counted by themselves.
inline constexpr double kLocalWires = 0.5;
/// What a function takes longer that is cut into cycles: cuts are between gates, not where the cycle ends. Chosen.
inline constexpr double kRetimingLoss = 0.2;

/// Levels of a tree over so many.
inline double levels(double numbers) { return numbers > 1 ? std::ceil(std::log2(numbers)) : 0; }

inline double adder(double bits) { return 2 + 1.5 * std::ceil(std::log2(bits)); }
inline double select(double ways) { return ways > 1 ? kMultiplexer * levels(ways) : 0; }
/// Carry-save levels of ratio 3:2 over so many numbers beside an accumulated one.
inline double carry_save(double numbers) {
  return numbers > 1 ? kFullAdder * std::ceil(std::log(numbers) / std::log(1.5)) : 0;
}
/// A sum of so many numbers: carry-save levels of ratio 3:2, a final adder.
inline double add_up(double numbers, double bits) {
  if (numbers < 2) return 0;
  return kFullAdder * std::ceil(std::log(numbers / 2) / std::log(1.5)) + adder(bits);
}
/// Partial products, carry-save levels of ratio 3:2, a final adder.
inline double multiplier(double a, double b) {
  return kAnd + kFullAdder * std::ceil(std::log(std::min(a, b) / 2) / std::log(1.5)) + adder(a + b);
}

inline double shifter(double positions) { return select(positions); }
inline double all_zero(double bits) { return kAnd * levels(bits); }
/// By one: whether all bits below are set, and a flip.
inline double increment(double bits) { return all_zero(bits) + kMultiplexer; }
inline double compare(double bits) { return adder(bits); }
/// The larger of two, level by level.
inline double largest(double numbers, double bits) { return levels(numbers) * (compare(bits) + kMultiplexer); }
/// The first that is set, of so many: whether one before is, and a choice, level by level.
inline double first_of(double numbers) { return levels(numbers) * (2 * kAnd + kMultiplexer); }
/// Leading zeros shifted out, half as many at a time: are the upper ones zero (those of the next step are found
/// meanwhile), a gate, a multiplexer.
inline double normalise(double bits) { return all_zero(bits / 2) + levels(bits) * (kAnd + kMultiplexer); }

}  // namespace kiln::cost::delays
