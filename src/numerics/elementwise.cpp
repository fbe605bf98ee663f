#include <algorithm>

#include "kiln/base/result.hpp"
#include "numerics/bits.hpp"
#include "numerics/silu.hpp"
#include "numerics/simd.hpp"
#include "numerics/tables.hpp"
#include "numerics/vector_ops.hpp"

namespace kiln::numerics {

float sigmoid(float x) {
  const Decoded d = decode(x);
  if (d.significand == 0) return 0.5F;
  if (d.exponent >= -16) return d.negative ? 0.0F : 1.0F;  // |x| >= 128
  const int shift = 31 - kExpFractionBits - d.exponent;
  const auto product = static_cast<std::int64_t>(d.significand * kLog2E);
  const auto z = static_cast<std::uint64_t>(shift > 58 ? 0 : rounding_shift(product, shift));
  const auto whole = static_cast<int>(z >> kExpFractionBits);
  const std::uint64_t power =
      exp2_negative(z & ((std::uint64_t{1} << kExpFractionBits) - 1));  // e^-|x| * 2^(31 + whole)
  const std::uint64_t one = std::uint64_t{1} << 31;
  const std::uint64_t aligned =
      whole >= 32 ? 0 : static_cast<std::uint64_t>(rounding_shift(static_cast<std::int64_t>(power), whole));
  const std::uint64_t inverse = reciprocal(std::min(one + aligned, 2 * one - 1));
  return d.negative ? round_to_float(false, Uint128{power} * inverse, -62 - whole)
                    : round_to_float(false, inverse, -31);
}

namespace {

KILN_KERNEL void add_elements(std::size_t first, std::size_t size, float* x, const float* y) {
  for (std::size_t i = first; i < size; ++i) x[i] = add_element(clean(x[i]), clean(y[i]));
}

template <class L>
KILN_LANES void add_lanes(std::size_t size, float* x, const float* y) {
  const Elements<L> elements;
  typename L::Floats a, b;
  std::size_t i = 0;
  for (; i + L::kCount <= size; i += L::kCount) {
    elements.load_clean(x + i, a);
    elements.load_clean(y + i, b);
    a += b;
    elements.clean(a);
    store_lanes<L>(a, x + i);
  }
  add_elements(i, size, x, y);
}

void add_scalar(std::size_t size, float* x, const float* y) { add_elements(0, size, x, y); }
KILN_KERNEL_AVX2 void add_avx2(std::size_t size, float* x, const float* y) { add_lanes<Lanes8>(size, x, y); }
KILN_KERNEL_AVX512 void add_avx512(std::size_t size, float* x, const float* y) { add_lanes<Lanes16>(size, x, y); }

}  // namespace

void add(std::span<float> x, std::span<const float> y, Simd simd) {
  base::check(x.size() == y.size(), "add: widths differ");
  const auto path = simd == Simd::Avx512 ? add_avx512 : simd == Simd::Avx2 ? add_avx2 : add_scalar;
  path(x.size(), x.data(), y.data());
}

void silu_multiply_scalar(std::size_t size, const float* gate, const float* up, float* out) {
  for (std::size_t i = 0; i < size; ++i) {
    const float g = clean(gate[i]);
    out[i] = multiply_element(multiply_element(g, sigmoid(g)), clean(up[i]));
  }
}

void silu_multiply(std::span<const float> gate, std::span<const float> up, std::span<float> out, Simd simd) {
  base::check(gate.size() == up.size() && gate.size() == out.size(), "silu_multiply: widths differ");
  const auto path = simd == Simd::Avx512 ? silu_multiply_avx512
                    : simd == Simd::Avx2 ? silu_multiply_avx2
                                         : silu_multiply_scalar;
  path(gate.size(), gate.data(), up.data(), out.data());
}

void embedding_row(const MatrixView& table, std::uint32_t row, std::span<float> out) {
  base::check(row < table.rows && out.size() == table.columns,
              "embedding_row: row outside the table, or the width differs");
  const std::size_t groups = table.groups();
  for (std::uint32_t i = 0; i < table.columns; ++i) {
    const std::size_t at = (row / kPanelRows * groups + i / kGroup) * kPanelRows + row % kPanelRows;
    out[i] =
        row_result(table.row_scales[row], std::int64_t{table.codebook[code_at(table, row, i)]} * table.scales[at], 0);
  }
}

std::uint32_t argmax(std::span<const float> logits) {
  base::check(!logits.empty(), "argmax: no logits");
  std::size_t best = 0;
  for (std::size_t i = 1; i < logits.size(); ++i) {
    if (logits[i] > logits[best]) best = i;
  }
  return static_cast<std::uint32_t>(best);
}

}  // namespace kiln::numerics
