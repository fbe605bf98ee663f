#include <algorithm>
#include <array>

#include "kiln/base/result.hpp"
#include "numerics/bits.hpp"
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
constexpr std::int64_t reciprocal(std::uint8_t step) { return ((std::int64_t{2} << kReciprocalBits) / step + 1) / 2; }

std::int64_t scaled(std::int32_t value, Scale scale) {
  return rounding_shift(value * reciprocal(scale.step), scale.shift + kReciprocalBits);
}

/// The smallest step * 2^shift, step 4...7, with every code in -127...127. A largest magnitude of b bits needs at least
/// 2^(b - 8) and at most about twice that, so the search starts at 4 * 2^(b - 10); |m| >= 2^23 keeps the shift
/// positive.
Scale input_scale(const Block& m) {
  const auto [low, high] = std::minmax_element(m.begin(), m.end());
  const std::int32_t magnitude = std::max(*high, -*low);
  Scale scale{4, static_cast<int>(std::bit_width(static_cast<std::uint32_t>(magnitude))) - 10};
  while (scaled(*high, scale) > 127 || scaled(*low, scale) < -127) {
    if (++scale.step == 8) scale = {4, scale.shift + 1};
  }
  return scale;
}

/// The smallest shift after which every code is in -127...127.
int code_shift(const Block& m) {
  const auto [low, high] = std::minmax_element(m.begin(), m.end());
  const std::int32_t magnitude = std::max(*high, -*low);
  const int shift = std::max(0, static_cast<int>(std::bit_width(static_cast<std::uint32_t>(magnitude))) - 7);
  const bool fits = rounding_shift(*high, shift) <= 127 && rounding_shift(*low, shift) >= -127;
  return fits ? shift : shift + 1;
}

}  // namespace

std::size_t hadamard_block(std::size_t width) {
  std::size_t block = 1;
  while (block < kGroup && width != 0 && width % (2 * block) == 0) block *= 2;
  return block;
}

namespace {

/// Both ways of quantising; `scale_of` chooses a group's scale, `code_of` rounds an element to it.
template <class ScaleOf, class CodeOf>
void quantise_groups(std::span<const float> x, std::size_t block, QuantisedVector& out, ScaleOf scale_of,
                     CodeOf code_of) {
  base::check(block != 0 && block <= kGroup && std::has_single_bit(block) && x.size() % block == 0,
              "quantise: block must be a power of two up to 64 that divides the width");
  const std::size_t groups = (x.size() + kGroup - 1) / kGroup;
  out.size = x.size();
  out.codes.assign(groups * kGroup, 0);
  out.exponents.assign(groups, kZeroExponent);
  out.steps.assign(groups, 1);
  out.max_exponent = kZeroExponent;
  for (std::size_t g = 0; g < groups; ++g) {
    Block m;
    int exponent = 0;
    if (!to_common_exponent(x.subspan(g * kGroup, std::min(kGroup, x.size() - g * kGroup)), m, exponent)) continue;
    hadamard(m, block);
    const Scale scale = scale_of(m);
    for (std::size_t i = 0; i < kGroup; ++i) out.codes[g * kGroup + i] = static_cast<std::int8_t>(code_of(m[i], scale));
    out.steps[g] = scale.step;
    out.exponents[g] = static_cast<std::int16_t>(exponent + scale.shift);
    out.max_exponent = std::max(out.max_exponent, out.exponents[g]);
  }
}

}  // namespace

void quantise_input(std::span<const float> x, std::size_t block, QuantisedVector& out) {
  quantise_groups(x, block, out, input_scale, scaled);
}

void quantise(std::span<const float> x, std::size_t block, QuantisedVector& out) {
  quantise_groups(
      x, block, out,
      [](const Block& m) {
        return Scale{1, code_shift(m)};
      },
      [](std::int32_t value, Scale scale) { return rounding_shift(value, scale.shift); });
}

}  // namespace kiln::numerics
