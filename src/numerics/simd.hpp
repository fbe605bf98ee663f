// How a kernel is said once for every instruction set: an always-inline body in vector types of 8 or 16 lanes, or a
// plain loop, and one wrapper for each set. All do the same operations on each element and give the same bits (no
// contraction: -ffp-contract=off); what a body adds up must not depend on the order. Vectors are passed by reference:
// by value their place would depend on the instruction set.
//   KILN_KERNEL         a body that the scalar path has, too
//   KILN_LANES          a body of the wider ones alone; has at least AVX2, and its intrinsics
//   KILN_KERNEL_AVX2, KILN_KERNEL_AVX512   the wrappers
#pragma once

#include <cstddef>
#include <cstdint>

#define KILN_KERNEL [[gnu::always_inline]] inline
#if !defined(__x86_64__)
#define KILN_LANES KILN_KERNEL
#define KILN_KERNEL_AVX2
#define KILN_KERNEL_AVX512
#else
#define KILN_LANES [[gnu::always_inline, gnu::target("avx2")]] inline
#define KILN_KERNEL_AVX2 [[gnu::target("avx2")]]
#ifdef __clang__  // which has no such word as the last, and would drop all the others with it
#define KILN_KERNEL_AVX512 [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]]
#else
#define KILN_KERNEL_AVX512 [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")]]
#endif
#endif

namespace kiln::numerics {

/// Lanes of a register of AVX2.
struct Lanes8 {
  static constexpr std::size_t kCount = 8;
  typedef float Floats __attribute__((vector_size(32)));
  typedef std::int32_t Ints __attribute__((vector_size(32)));
  typedef std::int32_t HalfInts __attribute__((vector_size(16)));
  typedef double HalfDoubles __attribute__((vector_size(32)));
  typedef float FloatsAt __attribute__((vector_size(32), aligned(4), may_alias));
  typedef std::int32_t IntsAt __attribute__((vector_size(32), aligned(4), may_alias));
  typedef std::int32_t HalfIntsAt __attribute__((vector_size(16), aligned(4), may_alias));
  static constexpr Ints kLane = {0, 1, 2, 3, 4, 5, 6, 7};
};

/// Lanes of a register of AVX-512.
struct Lanes16 {
  static constexpr std::size_t kCount = 16;
  typedef float Floats __attribute__((vector_size(64)));
  typedef std::int32_t Ints __attribute__((vector_size(64)));
  typedef std::int32_t HalfInts __attribute__((vector_size(32)));
  typedef double HalfDoubles __attribute__((vector_size(64)));
  typedef float FloatsAt __attribute__((vector_size(64), aligned(4), may_alias));
  typedef std::int32_t IntsAt __attribute__((vector_size(64), aligned(4), may_alias));
  typedef std::int32_t HalfIntsAt __attribute__((vector_size(32), aligned(4), may_alias));
  static constexpr Ints kLane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
};

/// A constant that the compiler does not know for one: GCC 12 builds vectors of known ones anew in every round of a loop.
template <class T>
KILN_KERNEL T unknown(T x) {
  asm("" : "+r"(x));
  return x;
}

/// Loads and stores through a type of a float's alignment: GCC copies by memcpy as the narrowest set would, and a vector
/// that is read from two stores of half a vector waits for both.
template <class L>
KILN_LANES void load_lanes(const float* from, typename L::Floats& to) {
  to = *reinterpret_cast<const typename L::FloatsAt*>(from);
}
template <class L>
KILN_LANES void store_lanes(const typename L::Floats& from, float* to) {
  *reinterpret_cast<typename L::FloatsAt*>(to) = from;
}

/// The number format of bits.hpp lane by lane; made before a loop.
template <class L>
struct Elements {
  using Floats = typename L::Floats;
  using Ints = typename L::Ints;

  Ints magnitude_bits, largest, fraction_bits;

  KILN_LANES Elements()
      : magnitude_bits(Ints{} + unknown(INT32_MAX)),
        largest(Ints{} + unknown(0x7F7FFFFF)),
        fraction_bits(Ints{} + unknown(0x007FFFFF)) {}

  /// Magnitudes as bits order as the numbers do, infinities and NaN above all: held.
  KILN_LANES void magnitude(const Ints& bits, Ints& out) const {
    const Ints all = bits & magnitude_bits;
    out = all < largest ? all : largest;
  }
  /// clean()
  KILN_LANES void clean(Floats& x) const {
    const auto bits = (Ints)x;
    Ints held;
    magnitude(bits, held);
    x = (Floats)(((bits & ~magnitude_bits) | held) & (held > fraction_bits));
  }
  KILN_LANES void load_clean(const float* from, Floats& to) const {
    load_lanes<L>(from, to);
    clean(to);
  }
};

/// clean() elements as significands with a sign, each shifted (rounding) to one exponent, that of `top` in a float's bits.
template <class L>
struct Alignment {
  using Ints = typename L::Ints;

  Elements<L> elements;
  Ints top, implicit, most, one;

  KILN_LANES explicit Alignment(std::int32_t exponent)
      : top(Ints{} + exponent),
        implicit(Ints{} + unknown(0x00800000)),
        most(Ints{} + unknown(26)),  // from 25 on the result is 0
        one(Ints{} + unknown(1)) {}

  KILN_LANES void align(const Ints& bits, Ints& out) const {
    Ints held;
    elements.magnitude(bits, held);
    const Ints significand = ((held & elements.fraction_bits) | implicit) & (held > elements.fraction_bits);
    const Ints sign = bits >> 31;
    const Ints below = top - (held >> 23);
    const Ints shift = below < most ? below : most;
    out = (((significand ^ sign) - sign) + ((one << shift) >> 1)) >> shift;
  }
};

/// Lanes of the lower half, or of the upper one.
template <class L, bool upper>
KILN_LANES void half_of(const typename L::Ints& x, typename L::HalfInts& out) {
  constexpr int k = upper ? static_cast<int>(L::kCount) / 2 : 0;
  if constexpr (L::kCount == 8) {
    out = __builtin_shufflevector(x, x, k, k + 1, k + 2, k + 3);
  } else {
    out = __builtin_shufflevector(x, x, k, k + 1, k + 2, k + 3, k + 4, k + 5, k + 6, k + 7);
  }
}

/// Lane i gets x[i ^ h].
template <class L, int h>
KILN_LANES void swap_lanes(const typename L::Ints& x, typename L::Ints& out) {
  if constexpr (L::kCount == 8) {
    out = __builtin_shufflevector(x, x, 0 ^ h, 1 ^ h, 2 ^ h, 3 ^ h, 4 ^ h, 5 ^ h, 6 ^ h, 7 ^ h);
  } else {
    out = __builtin_shufflevector(x, x, 0 ^ h, 1 ^ h, 2 ^ h, 3 ^ h, 4 ^ h, 5 ^ h, 6 ^ h, 7 ^ h, 8 ^ h, 9 ^ h, 10 ^ h,
                                  11 ^ h, 12 ^ h, 13 ^ h, 14 ^ h, 15 ^ h);
  }
}

template <class L, int h = static_cast<int>(L::kCount) / 2>
KILN_LANES std::int32_t largest_lane(const typename L::Ints& x) {
  typename L::Ints other;
  swap_lanes<L, h>(x, other);
  const typename L::Ints larger = x > other ? x : other;
  if constexpr (h > 1) {
    return largest_lane<L, h / 2>(larger);
  } else {
    return larger[0];
  }
}

}  // namespace kiln::numerics
