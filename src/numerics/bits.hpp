// The number formats of docs/numerics.md as host code: binary32 without subnormals, infinities and NaN, rounding
// shifts, and exact integers times powers of two rounded once to binary32. Everything here is add, multiply, shift,
// compare.
#pragma once

#include <bit>
#include <cstdint>

namespace kiln::numerics {

__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

inline constexpr std::uint32_t kSignBit = 0x80000000U;
inline constexpr std::uint32_t kExponentMask = 0x7F800000U;
inline constexpr std::uint32_t kLargestFinite = 0x7F7FFFFFU;

/// Every element passes this on entry and exit: below 2^-126 becomes +0, beyond the largest finite is held there.
inline float clean(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t exponent = bits & kExponentMask;
  const std::uint32_t held = exponent == kExponentMask ? (bits & kSignBit) | kLargestFinite : bits;
  return std::bit_cast<float>(exponent == 0 ? 0U : held);
}

/// The chip's element-wise operations on clean operands: one rounding to nearest even, then clean().
inline float multiply_element(float a, float b) { return clean(a * b); }
inline float add_element(float a, float b) { return clean(a + b); }

/// A clean float as significand * 2^exponent; the significand has 24 bits, or is 0.
struct Decoded {
  std::uint32_t significand = 0;
  int exponent = 0;
  bool negative = false;
};

inline Decoded decode(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(clean(x));
  const std::uint32_t exponent = (bits & kExponentMask) >> 23;
  if (exponent == 0) return {0, -149, false};
  return {(bits & 0x7FFFFFU) | 0x800000U, static_cast<int>(exponent) - 150, (bits & kSignBit) != 0};
}

/// 2^exponent as a double; exponent in -1022...1023.
inline double power_of_two(int exponent) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
}

inline int bit_length(Uint128 x) {
  const auto high = static_cast<std::uint64_t>(x >> 64);
  const int bits = high != 0 ? 64 + static_cast<int>(std::bit_width(high))
                             : static_cast<int>(std::bit_width(static_cast<std::uint64_t>(x)));
  return bits;
}

/// magnitude * 2^exponent, rounded once to nearest even as IEEE 754 does, then as clean(). magnitude below 2^127.
inline float round_to_float(bool negative, Uint128 magnitude, int exponent) {
  if (magnitude == 0) return 0.0F;
  const int length = bit_length(magnitude);
  int top = length - 1 + exponent;  // magnitude * 2^exponent is in [2^top, 2^(top + 1))
  if (top > 127) return std::bit_cast<float>((negative ? kSignBit : 0U) | kLargestFinite);
  if (top < -127) return 0.0F;
  const int drop = length - (top == -127 ? 23 : 24);  // just below 2^-126 only 23 bits stay
  std::uint64_t significand = 0;
  if (drop <= 0) {
    significand = static_cast<std::uint64_t>(magnitude) << -drop;
  } else {
    const Uint128 half = Uint128{1} << (drop - 1);
    const Uint128 rest = magnitude & ((half << 1) - 1);
    significand = static_cast<std::uint64_t>(magnitude >> drop);
    if (rest > half || (rest == half && (significand & 1) != 0)) ++significand;
  }
  if (top == -127) {
    if (significand < (1U << 23)) return 0.0F;
    top = -126;
  } else if (significand == (1U << 24)) {
    significand >>= 1;
    if (++top > 127) return std::bit_cast<float>((negative ? kSignBit : 0U) | kLargestFinite);
  }
  const auto bits =
      (static_cast<std::uint32_t>(top + 127) << 23) | (static_cast<std::uint32_t>(significand) & 0x7FFFFFU);
  return std::bit_cast<float>(bits | (negative ? kSignBit : 0U));
}

/// floor(x / 2^shift + 1/2): add half, arithmetic shift. shift in 0...62; the caller says from where on the result is
/// 0.
inline std::int64_t rounding_shift(std::int64_t x, int shift) {
  return shift == 0 ? x : (x + (std::int64_t{1} << (shift - 1))) >> shift;
}

}  // namespace kiln::numerics
