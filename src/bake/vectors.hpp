// Sixteen floats side by side, the same lanes on every host: the compiler maps them to one, two or four registers.
// Kernels in these types are as numerics/simd.hpp says; all do the same operations in the same order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "numerics/simd.hpp"

namespace kiln::bake {

inline constexpr std::size_t kLanes = 16;
typedef float Floats __attribute__((vector_size(64)));
typedef std::int32_t Ints __attribute__((vector_size(64)));

KILN_KERNEL void load(const float* from, Floats& to) { std::memcpy(&to, from, sizeof to); }
KILN_KERNEL void store(const Floats& from, float* to) { std::memcpy(to, &from, sizeof from); }

/// |x|, lane by lane.
KILN_KERNEL void magnitude(const Floats& x, Floats& out) { out = (Floats)((Ints)x & 0x7FFFFFFF); }

typedef float Floats8 __attribute__((vector_size(32)));
typedef float Floats4 __attribute__((vector_size(16)));

/// Folds eight lanes to four, always lane i with lane i + 4; sixteen, first lane i with lane i + 8.
#define KILN_FOLD_8(eight, join, four)                                     \
  const Floats4 low4 = __builtin_shufflevector(eight, eight, 0, 1, 2, 3);  \
  const Floats4 high4 = __builtin_shufflevector(eight, eight, 4, 5, 6, 7); \
  const Floats4 four = join(low4, high4)
#define KILN_FOLD(x, join, four)                                                     \
  const Floats8 low8 = __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7);        \
  const Floats8 high8 = __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15); \
  const Floats8 eight = join(low8, high8);                                           \
  KILN_FOLD_8(eight, join, four)
#define KILN_ADD(a, b) ((a) + (b))
#define KILN_MAX(a, b) ((a) > (b) ? (a) : (b))

/// The lanes' sum in one fixed order.
KILN_KERNEL float sum_of_lanes(const Floats& x) {
  KILN_FOLD(x, KILN_ADD, four);
  return (four[0] + four[2]) + (four[1] + four[3]);
}

KILN_KERNEL float largest_lane(const Floats& x) {
  KILN_FOLD(x, KILN_MAX, four);
  const float even = KILN_MAX(four[0], four[2]);
  const float odd = KILN_MAX(four[1], four[3]);
  return KILN_MAX(even, odd);
}

}  // namespace kiln::bake
