#include <algorithm>
#include <array>

#include "kiln/base/result.hpp"
#include "numerics/bits.hpp"
#include "numerics/simd.hpp"
#include "numerics/vector_ops.hpp"

namespace kiln::numerics {

namespace {

using Block = std::array<std::int32_t, kGroup>;

/// Integer butterflies in blocks; |result| <= 64 * (2^24 - 1) < 2^30.
void hadamard(Block& m, std::size_t block) {
  for (std::size_t step = 1; step < block; step *= 2) {
    for (std::size_t base = 0; base < kGroup; base += 2 * step) {
      for (std::size_t i = base; i < base + step; ++i) {
        const std::int32_t a = m[i];
        const std::int32_t b = m[i + step];
        m[i] = a + b;
        m[i + step] = a - b;
      }
    }
  }
}

/// Brings up to 64 elements to their largest exponent: signed significands of 24 bits and a sign. Returns that exponent
/// (of the unit); false if all are zero.
bool to_common_exponent(std::span<const float> x, Block& m, int& exponent) {
  std::array<std::uint32_t, kGroup> bits{};
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    bits[i] = std::bit_cast<std::uint32_t>(clean(x[i]));
    largest = std::max(largest, bits[i] & kExponentMask);
  }
  if (largest == 0) return false;
  largest >>= 23;
  for (std::size_t i = 0; i < kGroup; ++i) {
    const std::uint32_t e = (bits[i] & kExponentMask) >> 23;
    const auto magnitude = static_cast<std::int32_t>(e == 0 ? 0 : (bits[i] & 0x7FFFFFU) | 0x800000U);
    const std::int32_t value = (bits[i] & kSignBit) != 0 ? -magnitude : magnitude;
    const auto shift = static_cast<int>(std::min<std::uint32_t>(largest - e, 26));  // from 25 on the result is 0
    m[i] = (value + ((std::int32_t{1} << shift) >> 1)) >> shift;
  }
  exponent = static_cast<int>(largest) - 150;
  return true;
}

struct Scale {
  std::uint8_t step = 1;
  int shift = 0;
};

constexpr int kReciprocalBits = 20;

/// 2^20 / step, rounded to nearest; exact for powers of two.
constexpr std::int64_t step_reciprocal(std::uint8_t step) {
  return ((std::int64_t{2} << kReciprocalBits) / step + 1) / 2;
}

KILN_KERNEL std::int64_t scaled(std::int32_t value, Scale scale) {
  return rounding_shift(value * step_reciprocal(scale.step), scale.shift + kReciprocalBits);
}

/// Bits of the larger magnitude of the two.
KILN_KERNEL int width_of_larger(std::int32_t low, std::int32_t high) {
  return static_cast<int>(std::bit_width(static_cast<std::uint32_t>(std::max(high, -low))));
}

/// The smallest step * 2^shift, step 4...7, with every code of elements in low...high in -127...127. A largest magnitude
/// of b bits needs at least 2^(b - 8) and at most about twice that, so the search starts at 4 * 2^(b - 10); one of at
/// least 2^23 keeps the shift positive.
KILN_KERNEL Scale input_scale(std::int32_t low, std::int32_t high) {
  Scale scale{4, width_of_larger(low, high) - 10};
  while (scaled(high, scale) > 127 || scaled(low, scale) < -127) {
    if (++scale.step == 8) scale = {4, scale.shift + 1};
  }
  return scale;
}

/// The smallest shift after which every code is in -127...127.
KILN_KERNEL Scale code_scale(std::int32_t low, std::int32_t high) {
  const int shift = std::max(0, width_of_larger(low, high) - 7);
  const bool fits = rounding_shift(high, shift) <= 127 && rounding_shift(low, shift) >= -127;
  return {1, fits ? shift : shift + 1};
}

}  // namespace

std::size_t hadamard_block(std::size_t width) {
  std::size_t block = 1;
  while (block < kGroup && width != 0 && width % (2 * block) == 0) block *= 2;
  return block;
}

namespace {

/// What is to be quantised, and where to: zeroed, in whole groups.
struct Groups {
  std::span<const float> x;
  std::size_t block;
  QuantisedVector& out;

  [[nodiscard]] std::span<const float> group(std::size_t g) const {
    return x.subspan(g * kGroup, std::min(kGroup, x.size() - g * kGroup));
  }
  void set(std::size_t g, int exponent, Scale scale) const {
    out.steps[g] = scale.step;
    out.exponents[g] = static_cast<std::int16_t>(exponent + scale.shift);
    out.max_exponent = std::max(out.max_exponent, out.exponents[g]);
  }
};

/// With kSteps as quantise_input(), without as quantise().
template <bool kSteps>
void quantise_scalar(const Groups& groups) {
  for (std::size_t g = 0; g < groups.out.exponents.size(); ++g) {
    Block m;
    int exponent = 0;
    if (!to_common_exponent(groups.group(g), m, exponent)) continue;
    hadamard(m, groups.block);
    const auto [low, high] = std::minmax_element(m.begin(), m.end());
    const Scale scale = kSteps ? input_scale(*low, *high) : code_scale(*low, *high);
    for (std::size_t i = 0; i < kGroup; ++i) {
      const std::int64_t code = kSteps ? scaled(m[i], scale) : rounding_shift(m[i], scale.shift);
      groups.out.codes[g * kGroup + i] = static_cast<std::int8_t>(code);
    }
    groups.set(g, exponent, scale);
  }
}

/// A group of 64 in vectors.
template <class L>
struct LaneBlock {
  static constexpr std::size_t kVectors = kGroup / L::kCount;
  typename L::Ints m[kVectors];
};

/// As to_common_exponent(), of 64 elements.
template <class L>
KILN_LANES bool to_common_exponent_lanes(const float* x, LaneBlock<L>& block, int& exponent) {
  const Elements<L> elements;
  typename L::Ints largest{};
  for (auto& m : block.m) {
    typename L::Floats element;
    load_lanes<L>(x, element);
    x += L::kCount;
    m = (typename L::Ints)element;
    typename L::Ints magnitude;
    elements.magnitude(m, magnitude);
    largest = magnitude > largest ? magnitude : largest;
  }
  const std::int32_t top = largest_lane<L>(largest) >> 23;
  if (top == 0) return false;
  const Alignment<L> alignment(top);
  for (auto& m : block.m) alignment.align(m, m);
  exponent = top - 150;
  return true;
}

/// Butterflies of lane i with lane i ^ h.
template <class L, int h>
KILN_LANES void hadamard_in_vectors(LaneBlock<L>& block) {
  const typename L::Ints sign = (L::kLane & h) != 0;  // -1 where it has the bit h
  for (auto& m : block.m) {
    typename L::Ints other;
    swap_lanes<L, h>(m, other);
    m = other + ((m ^ sign) - sign);
  }
}

template <class L>
KILN_LANES void hadamard_lanes(LaneBlock<L>& block, std::size_t size) {
  if (size >= 2) hadamard_in_vectors<L, 1>(block);
  if (size >= 4) hadamard_in_vectors<L, 2>(block);
  if (size >= 8) hadamard_in_vectors<L, 4>(block);
  if constexpr (L::kCount == 16) {
    if (size >= 16) hadamard_in_vectors<L, 8>(block);
  }
  for (std::size_t step = 1; step < LaneBlock<L>::kVectors; step *= 2) {
    if (size < 2 * step * L::kCount) return;
    for (std::size_t v = 0; v < LaneBlock<L>::kVectors; ++v) {
      if ((v & step) != 0) continue;
      const typename L::Ints sum = block.m[v] + block.m[v + step];
      block.m[v + step] = block.m[v] - block.m[v + step];
      block.m[v] = sum;
    }
  }
}

template <class L>
KILN_LANES void bounds(const LaneBlock<L>& block, std::int32_t& low, std::int32_t& high) {
  typename L::Ints smallest = block.m[0];
  typename L::Ints largest = block.m[0];
  for (const auto& m : block.m) {
    smallest = m < smallest ? m : smallest;
    largest = m > largest ? m : largest;
  }
  low = -largest_lane<L>(-smallest);
  high = largest_lane<L>(largest);
}

/// Codes + 128 by steps. The product has 49 bits and the shift leaves 7 of them: all of it is exact in double, and what
/// is not negative is rounded down by being cut.
template <class L>
KILN_LANES void scale_lanes(const LaneBlock<L>& block, Scale scale, std::int32_t* codes) {
  using HalfInts = typename L::HalfInts;
  using HalfDoubles = typename L::HalfDoubles;
  const double factor =
      static_cast<double>(step_reciprocal(scale.step)) * power_of_two(-(scale.shift + kReciprocalBits));
  for (const auto& m : block.m) {
    HalfInts low, high;
    half_of<L, false>(m, low);
    half_of<L, true>(m, high);
    low = __builtin_convertvector(__builtin_convertvector(low, HalfDoubles) * factor + 128.5, HalfInts);
    high = __builtin_convertvector(__builtin_convertvector(high, HalfDoubles) * factor + 128.5, HalfInts);
    *reinterpret_cast<typename L::HalfIntsAt*>(codes) = low;
    *reinterpret_cast<typename L::HalfIntsAt*>(codes + L::kCount / 2) = high;
    codes += L::kCount;
  }
}

template <class L, bool kSteps>
KILN_LANES void quantise_lanes(const Groups& groups) {
  LaneBlock<L> block;
  for (std::size_t g = 0; g < groups.out.exponents.size(); ++g) {
    const std::span<const float> x = groups.group(g);
    const float* from = x.data();
    float padded[kGroup];
    if (x.size() < kGroup) {
      std::fill(std::ranges::copy(x, padded).out, padded + kGroup, 0.0F);
      from = padded;
    }
    int exponent = 0;
    if (!to_common_exponent_lanes<L>(from, block, exponent)) continue;
    if (groups.block == kGroup) {
      hadamard_lanes<L>(block, kGroup);  // of nearly all, without the conditions
    } else {
      hadamard_lanes<L>(block, groups.block);
    }
    std::int32_t low = 0;
    std::int32_t high = 0;
    bounds<L>(block, low, high);
    alignas(64) std::int32_t codes[kGroup];
    Scale scale;
    if constexpr (kSteps) {
      scale = input_scale(low, high);
      scale_lanes<L>(block, scale, codes);
    } else {
      scale = code_scale(low, high);
      const std::int32_t half = (1 << scale.shift) >> 1;
      for (std::size_t v = 0; v < LaneBlock<L>::kVectors; ++v)
        *reinterpret_cast<typename L::IntsAt*>(codes + v * L::kCount) = ((block.m[v] + half) >> scale.shift) + 128;
    }
    std::int8_t* out = groups.out.codes.data() + g * kGroup;
    for (std::size_t i = 0; i < kGroup; ++i) out[i] = static_cast<std::int8_t>(codes[i] - 128);
    groups.set(g, exponent, scale);
  }
}

template <bool kSteps>
KILN_KERNEL_AVX2 void quantise_avx2(const Groups& groups) {
  quantise_lanes<Lanes8, kSteps>(groups);
}
template <bool kSteps>
KILN_KERNEL_AVX512 void quantise_avx512(const Groups& groups) {
  quantise_lanes<Lanes16, kSteps>(groups);
}

template <bool kSteps>
void quantise_groups(std::span<const float> x, std::size_t block, QuantisedVector& out, Simd simd) {
  base::check(block != 0 && block <= kGroup && std::has_single_bit(block) && x.size() % block == 0,
              "quantise: block must be a power of two up to 64 that divides the width");
  const std::size_t groups = (x.size() + kGroup - 1) / kGroup;
  out.size = x.size();
  out.codes.assign(groups * kGroup, 0);
  out.exponents.assign(groups, kZeroExponent);
  out.steps.assign(groups, 1);
  out.max_exponent = kZeroExponent;
  const auto path = simd == Simd::Avx512 ? quantise_avx512<kSteps>
                    : simd == Simd::Avx2 ? quantise_avx2<kSteps>
                                         : quantise_scalar<kSteps>;
  path({x, block, out});
}

}  // namespace

void quantise_input(std::span<const float> x, std::size_t block, QuantisedVector& out, Simd simd) {
  quantise_groups<true>(x, block, out, simd);
}

void quantise(std::span<const float> x, std::size_t block, QuantisedVector& out, Simd simd) {
  quantise_groups<false>(x, block, out, simd);
}

}  // namespace kiln::numerics
