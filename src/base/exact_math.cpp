#include "base/exact_math.hpp"

#include <array>
#include <bit>
#include <cstdint>

#include "kiln/base/result.hpp"

namespace kiln::base {
namespace {

// ln 2 in two parts; the high one has 32 trailing zero bits, so k * kLn2High is exact for |k| < 2^20.
constexpr double kLn2High = 0x1.62e42feep-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kInverseLn2 = 0x1.71547652b82fep+0;

/// 1 / n!; Taylor's series of e^r ends where the next term is below 2^-62.
constexpr auto kInverseFactorials = [] {
  std::array<double, 15> values{};
  double factorial = 1.0;
  for (std::size_t n = 0; n < values.size(); ++n) {
    if (n > 0) factorial *= static_cast<double>(n);
    values[n] = 1.0 / factorial;
  }
  return values;
}();

/// 2^k for -1022 <= k <= 1023.
double power_of_two(int k) { return std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52); }

}  // namespace

double exact_exp(double x) {
  check(x <= 708.0, "exact_exp beyond its range");
  if (x < -708.0) return 0.0;
  const int k = static_cast<int>(x * kInverseLn2 + (x < 0 ? -0.5 : 0.5));
  const double r = (x - k * kLn2High) - k * kLn2Low;  // |r| <= 0.35
  double sum = kInverseFactorials.back();
  for (std::size_t n = kInverseFactorials.size() - 1; n-- > 0;) sum = sum * r + kInverseFactorials[n];
  return sum * power_of_two(k);
}

double exact_log(double x) {
  check(x > 0.0 && x <= 0x1.fffffffffffffp+1023, "exact_log of a number that is not positive and finite");
  int k = 0;
  if (x < 0x1p-1022) {  // a subnormal: make it a normal number first
    x *= 0x1p54;
    k = -54;
  }
  const auto bits = std::bit_cast<std::uint64_t>(x);
  k += static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0xFFFFFFFFFFFFFULL) | 0x3FF0000000000000ULL);  // [1, 2)
  if (m > 1.4142135623730951) {
    m *= 0.5;
    ++k;
  }
  // ln m = 2 atanh(z), |z| <= 0.1716; the next term is below 2^-60.
  const double z = (m - 1.0) / (m + 1.0);
  const double z2 = z * z;
  double sum = 0.0;
  for (int n = 23; n >= 3; n -= 2) sum = sum * z2 + 1.0 / n;
  return k * kLn2High + (2.0 * z + (2.0 * z * z2 * sum + k * kLn2Low));
}

}  // namespace kiln::base
