#include <algorithm>

#include "kiln/base/result.hpp"
#include "numerics/bits.hpp"
#include "numerics/tables.hpp"
#include "numerics/vector_ops.hpp"

namespace kiln::numerics {

namespace {

/// A non-negative number as significand * 2^exponent, significand 0 or of 62 bits (63 after a carry).
struct Wide {
  std::uint64_t significand = 0;
  int exponent = 0;
};

Wide normalised(Uint128 x, int exponent) {
  if (x == 0) return {};
  const int shift = bit_length(x) - 62;
  if (shift <= 0) return {static_cast<std::uint64_t>(x) << -shift, exponent + shift};
  return {static_cast<std::uint64_t>((x + (Uint128{1} << (shift - 1))) >> shift), exponent + shift};
}

Wide sum(Wide a, Wide b) {
  if (a.significand == 0) return b;
  if (b.significand == 0) return a;
  if (a.exponent < b.exponent) std::swap(a, b);
  const int shift = a.exponent - b.exponent;
  const auto aligned = shift > 62 ? 0 : rounding_shift(static_cast<std::int64_t>(b.significand), shift);
  return {a.significand + static_cast<std::uint64_t>(aligned), a.exponent};
}

/// Exact sum of squares of the elements, each brought to the largest exponent as a 24-bit significand and a sign.
Wide sum_of_squares(std::span<const float> x) {
  std::uint32_t largest = 0;
  for (const float element : x)
    largest = std::max(largest, std::bit_cast<std::uint32_t>(clean(element)) & kExponentMask);
  if (largest == 0) return {};
  const int exponent = static_cast<int>(largest >> 23) - 150;
  Uint128 total = 0;
  constexpr std::size_t kPart = std::size_t{1} << 14;  // 2^14 squares of 48 bits fit 64
  for (std::size_t begin = 0; begin < x.size(); begin += kPart) {
    std::uint64_t part = 0;
    for (const float element : x.subspan(begin, std::min(kPart, x.size() - begin))) {
      const Decoded d = decode(element);
      const int shift = std::min(exponent - d.exponent, 26);  // from 25 on the result is 0
      const auto value = static_cast<std::int64_t>(d.significand);
      const std::int64_t m = rounding_shift(d.negative ? -value : value, shift);
      part += static_cast<std::uint64_t>(m * m);
    }
    total += part;
  }
  return normalised(total, 2 * exponent);
}

/// 1 / sqrt(total / count)
float inverse_root_mean(Wide total, std::uint64_t count) {
  if (total.significand == 0) return 0.0F;
  // 1 / count as a 32-bit constant: inverse * 2^-(31 + log)
  const int log = static_cast<int>(std::bit_width(count)) - 1;
  const auto inverse = static_cast<std::uint64_t>(((Uint128{1} << (31 + log)) + count / 2) / count);
  const int drop = static_cast<int>(std::bit_width(total.significand)) - 32;
  const std::uint64_t top = (total.significand + (std::uint64_t{1} << (drop - 1))) >> drop;
  const std::uint64_t mean = top * inverse;
  const int exponent = total.exponent + drop - 31 - log;  // the mean square is mean * 2^exponent
  int shift = static_cast<int>(std::bit_width(mean)) - 32;
  if (((exponent + shift) & 1) != 0) ++shift;
  const std::uint64_t half = std::uint64_t{1} << (shift - 1);
  const std::uint64_t d = std::min((mean + half) >> shift, (std::uint64_t{1} << 32) - 1);
  return round_to_float(false, rsqrt(d), -31 - (exponent + shift + 30) / 2);
}

}  // namespace

void rms_norm(std::span<const float> x, std::span<const float> gamma, float eps, std::span<float> out) {
  base::check(gamma.size() == x.size() && out.size() == x.size() && !x.empty() && x.size() <= kMaxColumns,
              "rms_norm: widths differ, or are beyond the range");
  const Decoded e = decode(eps);
  base::check(!e.negative, "rms_norm: eps below zero");
  const Wide added = normalised(Uint128{e.significand} * x.size(), e.exponent);
  const float scale = inverse_root_mean(sum(sum_of_squares(x), added), x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    out[i] = multiply_element(multiply_element(clean(x[i]), scale), clean(gamma[i]));
  }
}

}  // namespace kiln::numerics
