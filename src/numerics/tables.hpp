// Look-up tables and the functions built on them: 2^-f, 1/d, 1/sqrt(d), sine of a quarter turn. Integers in and out;
// the widths and error bounds are in docs/numerics.md. The tables are computed at compile time from +, -, *, / in
// double.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "numerics/bits.hpp"

namespace kiln::numerics {

inline constexpr int kExpFractionBits = 26;             ///< fraction bits of the exponent that exp2_negative takes
inline constexpr std::uint64_t kLog2E = 0xB8AA3B29ULL;  ///< log2(e) * 2^31, rounded
inline constexpr std::uint64_t kLn2 = 0xB17217F8ULL;    ///< ln(2) * 2^32, rounded

namespace detail {

constexpr double kPi = 3.14159265358979323846;

constexpr double exp_series(double x) {  // |x| <= 0.7
  double sum = 1;
  for (int n = 28; n > 0; --n) sum = 1 + sum * x / n;
  return sum;
}

constexpr double sin_series(double x) {  // 0 <= x <= pi / 2
  double sum = 1;
  for (int n = 28; n > 0; n -= 2) sum = 1 - sum * x * x / (n * (n + 1));
  return sum * x;
}

constexpr double sqrt_newton(double x) {  // x > 0, of moderate size
  double y = x < 1 ? 1 : x;
  for (int n = 0; n < 60; ++n) y = (y + x / y) / 2;
  return y;
}

// NOLINTNEXTLINE(bugprone-incorrect-roundings): x >= 0, and this rounding is what the tables are defined by
constexpr std::uint32_t rounded(double x) { return static_cast<std::uint32_t>(x + 0.5); }

constexpr auto make_exp2() {
  std::array<std::uint32_t, 256> t{};
  for (int i = 0; i < 256; ++i)
    t[static_cast<std::size_t>(i)] = rounded(0x1p31 * exp_series(-i / 256.0 * 0.69314718055994530942));
  return t;
}

constexpr auto make_sine() {
  std::array<std::uint32_t, 257> t{};
  for (int i = 0; i <= 256; ++i) t[static_cast<std::size_t>(i)] = rounded(0x1p31 * sin_series(i / 512.0 * kPi));
  return t;
}

constexpr auto make_reciprocal() {  // entries of 16 bits; held wider so that a gather may read them
  std::array<std::uint32_t, 256> t{};
  for (int i = 0; i < 256; ++i) t[static_cast<std::size_t>(i)] = rounded(0x1p15 / (1 + (i + 0.5) / 256));
  return t;
}

constexpr auto make_rsqrt() {
  std::array<std::uint16_t, 192> t{};
  for (int i = 0; i < 192; ++i)
    t[static_cast<std::size_t>(i)] = static_cast<std::uint16_t>(rounded(0x1p15 / sqrt_newton((i + 64.5) / 64)));
  return t;
}

}  // namespace detail

inline constexpr auto kExp2Table = detail::make_exp2();              ///< 2^(-i/256) * 2^31
inline constexpr auto kSineTable = detail::make_sine();              ///< sin(i/256 * pi/2) * 2^31
inline constexpr auto kReciprocalTable = detail::make_reciprocal();  ///< 2^15 / (1 + (i + 1/2) / 256)
inline constexpr auto kRsqrtTable = detail::make_rsqrt();            ///< 2^15 / sqrt((i + 64.5) / 64)

/// 2^(-f / 2^26) * 2^31 for f in [0, 2^26): in (2^30, 2^31], relative error below 2^-27.5.
inline std::uint64_t exp2_negative(std::uint64_t f) {
  const std::uint64_t table = kExp2Table[f >> 18];
  const std::uint64_t t = ((f & 0x3FFFF) * kLn2) >> 18;                         // rest * ln 2, 40 fraction bits
  const std::uint64_t series = (std::uint64_t{1} << 40) - t + ((t * t) >> 41);  // 1 - t + t^2 / 2
  return (table * (series >> 8) + (std::uint64_t{1} << 31)) >> 32;
}

inline constexpr int kProbabilityBits = 24;  ///< fraction bits of a probability before the division by their sum

/// 2^-below with kProbabilityBits fraction bits, below >= 0: 0 from 32 on, and held just under 1 at 0.
inline std::uint32_t power_below(float below) {
  if (below >= 32) return 0;
  // NOLINTNEXTLINE(bugprone-incorrect-roundings): below >= 0, and this rounding is the chip's
  const auto z = static_cast<std::uint64_t>(std::int64_t(static_cast<double>(below) * 0x1p26 + 0.5));
  const std::uint64_t power = exp2_negative(z & ((std::uint64_t{1} << kExpFractionBits) - 1));
  const auto whole = static_cast<int>(z >> kExpFractionBits);
  const std::int64_t p = rounding_shift(static_cast<std::int64_t>(power), whole + 31 - kProbabilityBits);
  return std::min(static_cast<std::uint32_t>(p), (std::uint32_t{1} << kProbabilityBits) - 1);
}

/// 2^62 / d for d in [2^31, 2^32): in [2^30, 2^31], relative error below 2^-29.
inline std::uint64_t reciprocal(std::uint64_t d) {
  std::uint64_t x = std::uint64_t{kReciprocalTable[(d >> 23) - 256]} << 16;
  for (int i = 0; i < 2; ++i) {
    const std::uint64_t product = (d * x) >> 31;
    x = (x * ((std::uint64_t{1} << 32) - product)) >> 31;
  }
  return x;
}

/// 2^46 / sqrt(d) for d in [2^30, 2^32): in [2^30, 2^31], relative error below 2^-28.
inline std::uint64_t rsqrt(std::uint64_t d) {
  std::uint64_t y = std::uint64_t{kRsqrtTable[(d >> 24) - 64]} << 16;
  for (int i = 0; i < 2; ++i) {
    const std::uint64_t square = (y * y) >> 31;
    const std::uint64_t product = (d * square) >> 30;
    y = (y * ((std::uint64_t{3} << 31) - product)) >> 32;
  }
  return y;
}

struct SineCosine {
  float sine = 0;
  float cosine = 1;
};

/// Sine and cosine of phase / 2^64 turns, each within 2^-28 and one rounding to binary32.
SineCosine sine_cosine(std::uint64_t phase);

}  // namespace kiln::numerics
