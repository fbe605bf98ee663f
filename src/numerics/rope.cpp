#include <cmath>

#include "base/exact_math.hpp"
#include "kiln/base/result.hpp"
#include "numerics/bits.hpp"
#include "numerics/simd.hpp"
#include "numerics/tables.hpp"
#include "numerics/vector_ops.hpp"

namespace kiln::numerics {

namespace {

// pi/2 * 2^31, rounded: turns a fraction of the table's step into an angle.
constexpr std::uint64_t kHalfPi = 0xC90FDAA2ULL;
constexpr std::int64_t kSixth = 43691;  // 2^18 / 6, rounded

struct Fixed {
  std::int64_t sine, cosine;  // * 2^31
};

/// First quadrant: `angle` is a 62-bit fraction of a quarter turn. sin(a + b) and cos(a + b) with a from the table (256
/// steps) and b < pi / 512 by series: sin b = b - b^3 / 6, cos b = 1 - b^2 / 2.
Fixed quarter(std::uint64_t angle) {
  const auto index = static_cast<std::size_t>(angle >> 54);
  const auto table_sine = static_cast<std::int64_t>(kSineTable[index]);
  const auto table_cosine = static_cast<std::int64_t>(kSineTable[256 - index]);
  const std::uint64_t rest = (angle >> 22) & 0xFFFFFFFFULL;          // fraction of a step, 32 bits
  const auto b = static_cast<std::int64_t>((rest * kHalfPi) >> 33);  // * 2^38; a step is 2^-8 of pi/2
  const std::int64_t square = (b * b) >> 38;
  const std::int64_t cube = (square * b) >> 38;
  const std::int64_t s = (b - ((cube * kSixth) >> 18)) >> 7;  // * 2^31
  const std::int64_t c = ((std::int64_t{1} << 38) - (square >> 1)) >> 7;
  const std::int64_t half = std::int64_t{1} << 30;
  return {(table_sine * c + table_cosine * s + half) >> 31, (table_cosine * c - table_sine * s + half) >> 31};
}

float to_float(std::int64_t x) { return static_cast<float>(static_cast<double>(x) * 0x1p-31); }

}  // namespace

SineCosine sine_cosine(std::uint64_t phase) {
  const Fixed f = quarter(phase & ((std::uint64_t{1} << 62) - 1));
  switch (phase >> 62) {
    case 0:
      return {to_float(f.sine), to_float(f.cosine)};
    case 1:
      return {to_float(f.cosine), to_float(-f.sine)};
    case 2:
      return {to_float(-f.sine), to_float(-f.cosine)};
    default:
      return {to_float(-f.cosine), to_float(f.sine)};
  }
}

std::vector<std::uint64_t> rope_increments(std::size_t head_dim, double theta, std::span<const double> factors) {
  base::check(head_dim % 2 == 0 && theta > 0 && std::isfinite(theta), "rope_increments: head width or theta");
  base::check(factors.empty() || factors.size() == head_dim / 2, "rope_increments: one factor for every pair");
  std::vector<std::uint64_t> increments(head_dim / 2);
  const double log_theta = base::exact_log(theta);
  for (std::size_t i = 0; i < increments.size(); ++i) {
    const double exponent = -log_theta * (2.0 * static_cast<double>(i)) / static_cast<double>(head_dim);
    double turns = base::exact_exp(exponent) / (2 * detail::kPi);
    if (!factors.empty()) {
      base::check(factors[i] > 0 && std::isfinite(factors[i]), "rope_increments: factors must be positive");
      turns /= factors[i];
    }
    base::check(turns < 0x1p62, "rope_increments: frequency too high");
    turns -= static_cast<double>(static_cast<std::int64_t>(turns));  // whole turns do not matter
    increments[i] = static_cast<std::uint64_t>(turns * 0x1p64);
  }
  return increments;
}

void rope_turns(std::span<const std::uint64_t> increments, std::uint64_t position, std::span<float> turns) {
  const std::size_t half = increments.size();
  base::check(turns.size() == 2 * half, "rope_turns: two elements for every increment");
  for (std::size_t i = 0; i < half; ++i) {
    const SineCosine r = sine_cosine(position * increments[i]);
    turns[i] = r.cosine;
    turns[half + i] = r.sine;
  }
}

namespace {

/// Pairs from `first` on.
KILN_KERNEL void rotate_pairs(std::size_t first, std::size_t half, const float* turns, float* head) {
  for (std::size_t i = first; i < half; ++i) {
    const float x = clean(head[i]);
    const float y = clean(head[half + i]);
    const float cosine = turns[i];
    const float sine = turns[half + i];
    head[i] = add_element(multiply_element(x, cosine), -multiply_element(y, sine));
    head[half + i] = add_element(multiply_element(y, cosine), multiply_element(x, sine));
  }
}

template <class L>
KILN_LANES void rotate_lanes(std::size_t half, const float* turns, float* head) {
  const Elements<L> elements;
  typename L::Floats x, y, cosine, sine;
  std::size_t i = 0;
  for (; i + L::kCount <= half; i += L::kCount) {
    elements.load_clean(head + i, x);
    elements.load_clean(head + half + i, y);
    load_lanes<L>(turns + i, cosine);
    load_lanes<L>(turns + half + i, sine);
    typename L::Floats x_cosine = x * cosine, y_sine = y * sine, y_cosine = y * cosine, x_sine = x * sine;
    elements.clean(x_cosine);
    elements.clean(y_sine);
    elements.clean(y_cosine);
    elements.clean(x_sine);
    x = x_cosine - y_sine;
    y = y_cosine + x_sine;
    elements.clean(x);
    elements.clean(y);
    store_lanes<L>(x, head + i);
    store_lanes<L>(y, head + half + i);
  }
  rotate_pairs(i, half, turns, head);
}

void rotate_scalar(std::size_t half, const float* turns, float* head) { rotate_pairs(0, half, turns, head); }
KILN_KERNEL_AVX2 void rotate_avx2(std::size_t half, const float* turns, float* head) {
  rotate_lanes<Lanes8>(half, turns, head);
}
KILN_KERNEL_AVX512 void rotate_avx512(std::size_t half, const float* turns, float* head) {
  rotate_lanes<Lanes16>(half, turns, head);
}

}  // namespace

void rope(std::span<float> head, std::span<const float> turns, Simd simd) {
  base::check(head.size() == turns.size() && head.size() % 2 == 0, "rope: a cosine and a sine for every pair");
  const auto path = simd == Simd::Avx512 ? rotate_avx512 : simd == Simd::Avx2 ? rotate_avx2 : rotate_scalar;
  path(head.size() / 2, turns.data(), head.data());
}

}  // namespace kiln::numerics
