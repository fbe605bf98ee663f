#include "reference/kernels.hpp"

#include <cstring>

namespace kiln::reference {
namespace {

using Vector = float __attribute__((vector_size(32)));
constexpr std::size_t kLanes = 8;

[[gnu::always_inline]] inline void load(const float* at, Vector& out) { std::memcpy(&out, at, sizeof out); }

[[gnu::always_inline]] inline float sum(const Vector& v) {
  return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

/// R rows with T tokens at once: each weight that is loaded serves T tokens, each input R rows.
template <std::size_t R, std::size_t T>
[[gnu::always_inline]] inline void dots(const float* weights, std::size_t columns, const float* inputs, float* out,
                                        std::size_t out_stride) {
  Vector sums[R][T] = {};
  std::size_t i = 0;
  for (; i + kLanes <= columns; i += kLanes) {
    Vector w[R];
    for (std::size_t r = 0; r < R; ++r) load(weights + r * columns + i, w[r]);
    for (std::size_t t = 0; t < T; ++t) {
      Vector x;
      load(inputs + t * columns + i, x);
      for (std::size_t r = 0; r < R; ++r) sums[r][t] += w[r] * x;
    }
  }
  for (std::size_t t = 0; t < T; ++t) {
    for (std::size_t r = 0; r < R; ++r) {
      float total = sum(sums[r][t]);
      for (std::size_t j = i; j < columns; ++j) total += weights[r * columns + j] * inputs[t * columns + j];
      out[t * out_stride + r] = total;
    }
  }
}

template <std::size_t R>
[[gnu::always_inline]] inline void rows_with_all(const float* weights, std::size_t columns, const float* inputs,
                                                 std::size_t tokens, float* out, std::size_t out_stride) {
  std::size_t t = 0;
  for (; t + 4 <= tokens; t += 4) dots<R, 4>(weights, columns, inputs + t * columns, out + t * out_stride, out_stride);
  for (; t < tokens; ++t) dots<R, 1>(weights, columns, inputs + t * columns, out + t * out_stride, out_stride);
}

[[gnu::always_inline]] inline void matrix(const float* weights, std::size_t rows, std::size_t columns,
                                          const float* inputs, std::size_t tokens, float* out, std::size_t out_stride) {
  std::size_t r = 0;
  for (; r + 2 <= rows; r += 2) rows_with_all<2>(weights + r * columns, columns, inputs, tokens, out + r, out_stride);
  for (; r < rows; ++r) rows_with_all<1>(weights + r * columns, columns, inputs, tokens, out + r, out_stride);
}

void matrix_plain(const float* weights, std::size_t rows, std::size_t columns, const float* inputs, std::size_t tokens,
                  float* out, std::size_t out_stride) {
  matrix(weights, rows, columns, inputs, tokens, out, out_stride);
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] void matrix_avx2(const float* weights, std::size_t rows, std::size_t columns,
                                         const float* inputs, std::size_t tokens, float* out, std::size_t out_stride) {
  matrix(weights, rows, columns, inputs, tokens, out, out_stride);
}
#endif

}  // namespace

MatrixKernel pick_matrix_kernel() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") != 0) return matrix_avx2;
#endif
  return matrix_plain;
}

}  // namespace kiln::reference
