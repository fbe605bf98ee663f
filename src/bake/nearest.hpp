// Groups of 64 magnitudes in registers of 8 or 16 lanes (numerics::Lanes8, Lanes16), what is added up of them in one
// order whatever the registers are, and the levels of a codebook that are nearest to them. Private to the bake module.
#pragma once

#include "bake/vectors.hpp"
#include "numerics/matrix.hpp"

namespace kiln::bake {

using numerics::kGroup;

/// A codebook's upper half and a search as plain pointers, for the kernels.
struct Plan {
  const float* levels;
  const float* midpoints;
  std::size_t half;
  bool even;
  float step;
  float ratio;
  const float* factors;
  std::size_t factor_count;
};

/// How levels are found: by arithmetic, or by comparing with every midpoint; those of the narrow codes are counted when
/// the kernel is compiled.
enum Levels : std::size_t { kEven = 0, kAny = 1 };  // else: levels of magnitude

/// Magnitudes of a group in units of the row scale: 0...255 * 127.
template <class L>
struct Group {
  static constexpr std::size_t kVectors = kGroup / L::kCount;
  typename L::Floats x[kVectors];
  float padding = 0;  ///< zeros after the row's end, which do not count
};

/// What is added up of a group: sixteen lanes, whatever a register has.
template <class L>
struct Sum {
  static constexpr std::size_t kParts = kLanes / L::kCount;
  typename L::Floats part[kParts];
};

template <class L>
KILN_KERNEL float sum_of(const Sum<L>& sum) {
  if constexpr (Sum<L>::kParts == 1) {
    return sum_of_lanes(sum.part[0]);
  } else {
    const Floats8 eight = sum.part[0] + sum.part[1];
    KILN_FOLD_8(eight, KILN_ADD, four);
    return (four[0] + four[2]) + (four[1] + four[3]);
  }
}

template <class L>
KILN_KERNEL float largest_of(const typename L::Floats& x) {
  if constexpr (L::kCount == kLanes) {
    return largest_lane(x);
  } else {
    KILN_FOLD_8(x, KILN_MAX, four);
    const float even = KILN_MAX(four[0], four[2]);
    const float odd = KILN_MAX(four[1], four[3]);
    return KILN_MAX(even, odd);
  }
}

template <class L>
KILN_KERNEL void load_magnitudes(const float* from, typename L::Floats& to) {
  to = *reinterpret_cast<const typename L::FloatsAt*>(from);
  to = (typename L::Floats)((typename L::Ints)to & 0x7FFFFFFF);
}

/// Levels nearest to x / scale, times the scale.
template <class L, std::size_t kLevels>
struct Nearest {
  using Floats = typename L::Floats;
  using Ints = typename L::Ints;
  static constexpr std::size_t kKept = kLevels > kAny ? kLevels - 1 : 1;

  const Plan& plan;
  const float scale;
  float per_step = 0, shift = 0, last = 0, stride = 0;
  float thresholds[kKept] = {}, uppers[kKept] = {};
  const float first;

  KILN_KERNEL Nearest(const Plan& of, float by) : plan(of), scale(by), first(of.levels[0] * by) {
    if constexpr (kLevels == kEven) {
      per_step = 1.0F / (scale * plan.step);
      shift = 0.5F - plan.levels[0] / plan.step;
      last = static_cast<float>(plan.half - 1);
      stride = plan.step * scale;
    } else if constexpr (kLevels > kAny) {
      for (std::size_t i = 0; i < kKept; ++i) {
        thresholds[i] = plan.midpoints[i] * scale;
        uppers[i] = plan.levels[i + 1] * scale;
      }
    }
  }

  KILN_KERNEL void find(const Floats& x, Floats& out) const {
    if constexpr (kLevels == kEven) {
      const Floats index = __builtin_convertvector(__builtin_convertvector(x * per_step + shift, Ints), Floats);
      out = (index < last ? index : Floats{} + last) * stride + first;
    } else if constexpr (kLevels == kAny) {
      out = Floats{} + first;
      for (std::size_t i = 0; i + 1 < plan.half; ++i)
        out = x > Floats{} + plan.midpoints[i] * scale ? Floats{} + plan.levels[i + 1] * scale : out;
    } else {
      out = Floats{} + first;
      for (std::size_t i = 0; i < kKept; ++i) out = x > Floats{} + thresholds[i] ? Floats{} + uppers[i] : out;
    }
  }
};

}  // namespace kiln::bake
