// Transistors of textbook circuits in static CMOS, by their widths in bits. From these the cost model builds every
// unit, and the same count gives area, leakage and the energy of an operation. Cells: Weste and Harris, CMOS VLSI
// Design, 4th edition: NAND 4, AND 6, transmission-gate multiplexer 6 (inverse select shared), mirror full adder 28,
// master-slave flip-flop with reset 24.
#pragma once

#include <cmath>
#include <cstdint>

namespace kiln::cost::circuits {

inline constexpr double kAnd = 6;
inline constexpr double kMultiplexer = 6;  ///< of two bits
inline constexpr double kFullAdder = 28;
inline constexpr double kFlipFlop = 24;

// Bits of a tile's numbers, docs/numerics.md.
inline constexpr double kProduct = 16;   ///< of a weight and an activation: s(15), and a bit of the wire's sign
inline constexpr double kGroupSum = 21;  ///< P, a sum of up to 64 products

constexpr double registers(double bits) { return kFlipFlop * bits; }
constexpr double adder(double bits) { return kFullAdder * bits; }
/// One of `ways` words.
constexpr double select(double ways, double bits) { return ways > 1 ? kMultiplexer * (ways - 1) * bits : 0; }
/// An array of AND gates and full adders.
constexpr double multiplier(double a, double b) { return kAnd * a * b + kFullAdder * (a - 1) * b; }
inline double shifter(double bits, double positions) {
  return positions > 1 ? kMultiplexer * bits * std::ceil(std::log2(positions)) : 0;
}
/// binary32: significands of 24 bits, exponents of 8; rounding.
constexpr double float_multiplier() { return multiplier(24, 24) + 2 * adder(8) + adder(24) + select(2, 24); }
inline double float_adder() { return 2 * shifter(27, 32) + adder(27) + adder(24) + 2 * adder(8) + select(2, 27); }
/// An integer of `bits` to binary32: leading zeros, shift, round.
inline double to_float(double bits) { return shifter(bits, bits) + kAnd * bits + adder(24) + adder(8); }
/// exp2 of docs/numerics.md: table of 256 words, three products.
constexpr double exponential() {
  return select(256, 32) + multiplier(18, 32) + multiplier(32, 32) + multiplier(32, 32) + 3 * adder(40);
}
/// Table and two Newton steps, two products each.
constexpr double reciprocal() { return select(256, 16) + 4 * multiplier(32, 32) + 2 * adder(32); }

}  // namespace kiln::cost::circuits
