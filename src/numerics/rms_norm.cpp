#include <algorithm>

#include "kiln/base/result.hpp"
#include "numerics/bits.hpp"
#include "numerics/simd.hpp"
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

/// Exact sum of squares of the elements, each brought to the largest exponent as a 24-bit significand and a sign: in
/// units of 2^(2 * exponent).
struct Squares {
  Uint128 total = 0;
  int exponent = 0;
};

Squares squares_scalar(const float* x, std::size_t size) {
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < size; ++i)
    largest = std::max(largest, std::bit_cast<std::uint32_t>(clean(x[i])) & kExponentMask);
  if (largest == 0) return {};
  Squares sum{0, static_cast<int>(largest >> 23) - 150};
  for (std::size_t i = 0; i < size; ++i) {
    const Decoded d = decode(x[i]);
    const int shift = std::min(sum.exponent - d.exponent, 26);  // from 25 on the result is 0
    const auto value = static_cast<std::int64_t>(d.significand);
    const std::int64_t m = rounding_shift(d.negative ? -value : value, shift);
    sum.total += static_cast<std::uint64_t>(m * m);
  }
  return sum;
}

/// The elements from `at` on that a vector takes, and zeros where there are less.
template <class L>
KILN_LANES void load_bits(const float* x, std::size_t size, std::size_t at, typename L::Ints& bits) {
  typename L::Floats element;
  if (size - at >= L::kCount) {
    load_lanes<L>(x + at, element);
  } else {
    float padded[L::kCount] = {};
    std::copy(x + at, x + size, padded);
    load_lanes<L>(padded, element);
  }
  bits = (typename L::Ints)element;
}

template <class L>
KILN_LANES Squares squares_lanes(const float* x, std::size_t size) {
  using HalfInts = typename L::HalfInts;
  using HalfDoubles = typename L::HalfDoubles;
  const Elements<L> elements;
  typename L::Ints bits, largest{};
  for (std::size_t i = 0; i < size; i += L::kCount) {
    load_bits<L>(x, size, i, bits);
    elements.magnitude(bits, bits);
    largest = bits > largest ? bits : largest;
  }
  const std::int32_t top = largest_lane<L>(largest) >> 23;
  if (top == 0) return {};
  Squares sum{0, top - 150};
  const Alignment<L> alignment(top);
  constexpr std::size_t kPart = 32 * L::kCount;
  static_assert(kPart / L::kCount <= std::size_t{1} << (53 - 48));  // squares of 48 bits: exact in a double
  for (std::size_t begin = 0; begin < size; begin += kPart) {
    HalfDoubles part[2] = {};
    for (std::size_t i = begin; i < std::min(size, begin + kPart); i += L::kCount) {
      load_bits<L>(x, size, i, bits);
      alignment.align(bits, bits);
      HalfInts low, high;
      half_of<L, false>(bits, low);
      half_of<L, true>(bits, high);
      const HalfDoubles m[2] = {__builtin_convertvector(low, HalfDoubles), __builtin_convertvector(high, HalfDoubles)};
      for (std::size_t h = 0; h < 2; ++h) part[h] += m[h] * m[h];
    }
    std::uint64_t total = 0;  // of at most 16 numbers of 53 bits
    for (std::size_t i = 0; i < L::kCount; ++i)
      total += static_cast<std::uint64_t>(part[i / (L::kCount / 2)][i % (L::kCount / 2)]);
    sum.total += total;
  }
  return sum;
}

/// out = x * scale * gamma, each product an element of its own; from `first` on.
KILN_KERNEL void scale_elements(std::size_t first, std::size_t size, const float* x, const float* gamma, float scale,
                                float* out) {
  for (std::size_t i = first; i < size; ++i)
    out[i] = multiply_element(multiply_element(clean(x[i]), scale), clean(gamma[i]));
}

template <class L>
KILN_LANES void scale_vectors(std::size_t size, const float* x, const float* gamma, float scale, float* out) {
  const Elements<L> elements;
  std::size_t i = 0;
  for (; i + L::kCount <= size; i += L::kCount) {
    typename L::Floats element, weight;
    elements.load_clean(x + i, element);
    elements.load_clean(gamma + i, weight);
    element *= scale;
    elements.clean(element);
    element *= weight;
    elements.clean(element);
    store_lanes<L>(element, out + i);
  }
  scale_elements(i, size, x, gamma, scale, out);
}

KILN_KERNEL_AVX2 Squares squares_avx2(const float* x, std::size_t size) { return squares_lanes<Lanes8>(x, size); }
KILN_KERNEL_AVX512 Squares squares_avx512(const float* x, std::size_t size) { return squares_lanes<Lanes16>(x, size); }

void scale_scalar(std::size_t size, const float* x, const float* gamma, float scale, float* out) {
  scale_elements(0, size, x, gamma, scale, out);
}
KILN_KERNEL_AVX2 void scale_avx2(std::size_t size, const float* x, const float* gamma, float scale, float* out) {
  scale_vectors<Lanes8>(size, x, gamma, scale, out);
}
KILN_KERNEL_AVX512 void scale_avx512(std::size_t size, const float* x, const float* gamma, float scale, float* out) {
  scale_vectors<Lanes16>(size, x, gamma, scale, out);
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

void rms_norm(std::span<const float> x, std::span<const float> gamma, float eps, std::span<float> out, Simd simd) {
  base::check(gamma.size() == x.size() && out.size() == x.size() && !x.empty() && x.size() <= kMaxColumns,
              "rms_norm: widths differ, or are beyond the range");
  const Decoded e = decode(eps);
  base::check(!e.negative, "rms_norm: eps below zero");
  const auto squares = simd == Simd::Avx512 ? squares_avx512 : simd == Simd::Avx2 ? squares_avx2 : squares_scalar;
  const auto scale = simd == Simd::Avx512 ? scale_avx512 : simd == Simd::Avx2 ? scale_avx2 : scale_scalar;
  const Squares of_x = squares(x.data(), x.size());
  const Wide added = normalised(Uint128{e.significand} * x.size(), e.exponent);
  const Wide total = sum(normalised(of_x.total, 2 * of_x.exponent), added);
  scale(x.size(), x.data(), gamma.data(), inverse_root_mean(total, x.size()), out.data());
}

}  // namespace kiln::numerics
