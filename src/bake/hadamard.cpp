#include "bake/hadamard.hpp"

#include "bake/vectors.hpp"
#include "kiln/base/result.hpp"

namespace kiln::bake {
namespace {

using numerics::kGroup;

/// Lane i gets x[i ^ h].
template <int h>
KILN_KERNEL void swap_partners(const Floats& x, Floats& out) {
  out = __builtin_shufflevector(x, x, 0 ^ h, 1 ^ h, 2 ^ h, 3 ^ h, 4 ^ h, 5 ^ h, 6 ^ h, 7 ^ h, 8 ^ h, 9 ^ h, 10 ^ h,
                                11 ^ h, 12 ^ h, 13 ^ h, 14 ^ h, 15 ^ h);
}

/// One butterfly stage inside a vector: lane i gets x[i] + x[i ^ h], or x[i ^ h] - x[i] where i has the bit h.
template <std::int32_t h>
KILN_KERNEL void stage_in_vector(Floats& x) {
  constexpr Ints kLane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  Floats other;
  swap_partners<h>(x, other);
  const Ints flip = (kLane & h) != 0 ? Ints{} + INT32_MIN : Ints{};
  x = other + (Floats)((Ints)x ^ flip);
}

KILN_KERNEL void butterfly(Floats& a, Floats& b) {
  const Floats sum = a + b;
  b = a - b;
  a = sum;
}

KILN_KERNEL void transform_body(float* data, std::size_t count, std::size_t block) {
  const float scale = 1.0F / static_cast<float>(block);
  for (std::size_t at = 0; at < count; at += kGroup) {
    Floats x[4];
    for (std::size_t v = 0; v < 4; ++v) {
      load(data + at + v * 16, x[v]);
      if (block >= 2) stage_in_vector<1>(x[v]);
      if (block >= 4) stage_in_vector<2>(x[v]);
      if (block >= 8) stage_in_vector<4>(x[v]);
      if (block >= 16) stage_in_vector<8>(x[v]);
    }
    if (block >= 32) {
      butterfly(x[0], x[1]);
      butterfly(x[2], x[3]);
    }
    if (block >= 64) {
      butterfly(x[0], x[2]);
      butterfly(x[1], x[3]);
    }
    for (std::size_t v = 0; v < 4; ++v) {
      x[v] *= scale;
      store(x[v], data + at + v * 16);
    }
  }
}

void transform_scalar(float* data, std::size_t count, std::size_t block) { transform_body(data, count, block); }
KILN_KERNEL_AVX2 void transform_avx2(float* data, std::size_t count, std::size_t block) {
  transform_body(data, count, block);
}
KILN_KERNEL_AVX512 void transform_avx512(float* data, std::size_t count, std::size_t block) {
  transform_body(data, count, block);
}

}  // namespace

void transform_inputs(std::span<float> rows, std::size_t block, numerics::Simd simd) {
  base::check(rows.size() % kGroup == 0 && kGroup % block == 0,
              "rows padded to whole groups, blocks that divide a group");
  if (block == 1) return;
  if (simd == numerics::Simd::Avx512) return transform_avx512(rows.data(), rows.size(), block);
  if (simd == numerics::Simd::Avx2) return transform_avx2(rows.data(), rows.size(), block);
  transform_scalar(rows.data(), rows.size(), block);
}

void transform_outputs(std::span<float> rows, std::size_t stride, std::size_t block) {
  const std::size_t count = rows.size() / stride;
  base::check(count * stride == rows.size() && count % block == 0, "whole blocks of rows");
  for (std::size_t h = 1; h < block; h *= 2) {
    for (std::size_t row = 0; row < count; ++row) {
      if ((row & h) != 0) continue;
      float* a = rows.data() + row * stride;
      float* b = a + h * stride;
      for (std::size_t i = 0; i < stride; ++i) {
        const float sum = a[i] + b[i];
        b[i] = a[i] - b[i];
        a[i] = sum;
      }
    }
  }
}

}  // namespace kiln::bake
