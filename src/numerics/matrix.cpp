#include "numerics/matrix.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "kiln/base/result.hpp"
#include "numerics/bits.hpp"
#include "numerics/matrix_paths.hpp"

namespace kiln::numerics {

namespace {

constexpr std::size_t kBatch = 64;  // vectors whose panel sums are held at the same time

void check_shapes(const MatrixView& matrix) {
  base::check(valid_code_bits(matrix.bits) && matrix.columns <= kMaxColumns, "matrix: code width or columns");
  base::check(matrix.codebook.size() == std::size_t{1} << matrix.bits, "matrix: codebook size");
  base::check(matrix.codes.size() >= packed_code_bytes(matrix.rows, matrix.columns, matrix.bits),
              "matrix: codes missing");
  base::check(matrix.scales.size() >= scale_count(matrix.rows, matrix.columns), "matrix: scales missing");
  base::check(matrix.row_scales.size() >= matrix.rows, "matrix: row scales missing");
}

PreparedVector prepare(const MatrixView& matrix, const QuantisedVector& x) {
  const std::size_t groups = matrix.groups();
  base::check(x.size == matrix.columns && x.codes.size() == groups * kGroup && x.exponents.size() == groups &&
                  x.steps.size() == groups,
              "matrix: the vector's width is not the matrix's number of columns");
  PreparedVector p;
  p.codes = x.codes.data();
  p.bias.resize(groups);
  p.step.resize(groups);
  p.shift.resize(groups);
  for (std::size_t g = 0; g < groups; ++g) {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < kGroup; ++i) sum += x.codes[g * kGroup + i];
    p.bias[g] = -128 * sum;
    p.step[g] = x.steps[g];
    p.shift[g] = std::clamp(x.max_exponent - x.exponents[g], 0, 32);
  }
  return p;
}

}  // namespace

std::int64_t scaled_term(std::int32_t p, std::uint8_t scale, std::uint8_t step, int shift) {
  base::check(shift >= 0, "scaled_term: a group's exponent lies above the vector's");
  if (shift >= 32) return 0;
  return rounding_shift(std::int64_t{p} * scale * step, shift);
}

float row_result(float row_scale, std::int64_t sum, int max_exponent) {
  const Decoded scale = decode(row_scale);
  const bool negative = sum < 0;
  const std::uint64_t magnitude = negative ? 0 - static_cast<std::uint64_t>(sum) : static_cast<std::uint64_t>(sum);
  return round_to_float(negative != scale.negative, Uint128{magnitude} * scale.significand,
                        scale.exponent + max_exponent);
}

std::int32_t partial_product(const MatrixView& matrix, std::uint32_t row, std::size_t first, std::size_t last,
                             const QuantisedVector& x) {
  base::check(first <= last && last <= matrix.columns && (first == last || first / kGroup == (last - 1) / kGroup),
              "partial_product: inputs must lie within one group");
  std::int32_t sum = 0;
  for (std::size_t i = first; i < last; ++i) {
    const std::uint8_t code = code_at(matrix, row, static_cast<std::uint32_t>(i));
    sum += matrix.codebook[code] * x.codes[i];
  }
  return sum;
}

Simd best_simd() {
  Simd widest = Simd::Scalar;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi2") != 0) widest = Simd::Avx2;
  if (widest == Simd::Avx2 && __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
      __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512vbmi") != 0 &&
      __builtin_cpu_supports("avx512vnni") != 0) {
    widest = Simd::Avx512;
  }
#endif
  const char* wish = std::getenv("KILN_SIMD");
  if (wish == nullptr) return widest;
  if (std::string_view(wish) == "scalar") return Simd::Scalar;
  if (std::string_view(wish) == "avx2") return std::min(widest, Simd::Avx2);
  return widest;
}

void panel_sums_scalar(const MatrixView& matrix, std::size_t panel, std::span<const PreparedVector> x,
                       PanelSums* sums) {
  const std::size_t groups = matrix.groups();
  const std::size_t group_bytes = kPanelRows * kGroup / 8 * static_cast<std::size_t>(matrix.bits);
  for (std::size_t t = 0; t < x.size(); ++t) sums[t].fill(0);
  std::array<std::int8_t, kPanelRows * kGroup> weights;
  for (std::size_t g = 0; g < groups; ++g) {
    const std::size_t at = panel * groups + g;
    decode_group(matrix.bits, matrix.codebook.data(), matrix.codes.data() + at * group_bytes, weights.data());
    for (std::size_t t = 0; t < x.size(); ++t) {
      const std::int8_t* a = x[t].codes + g * kGroup;
      for (std::size_t row = 0; row < kPanelRows; ++row) {
        std::int32_t p = 0;
        for (std::size_t i = 0; i < kGroup; ++i) p += weights[i / 4 * 64 + row * 4 + i % 4] * a[i];
        sums[t][row] += scaled_term(p, matrix.scales[at * kPanelRows + row], static_cast<std::uint8_t>(x[t].step[g]),
                                    x[t].shift[g]);
      }
    }
  }
}

void multiply_batch(const MatrixView& matrix, std::span<const QuantisedVector> x, std::size_t first_panel,
                    std::size_t last_panel, std::span<const std::span<float>> y, Simd simd) {
  check_shapes(matrix);
  base::check(first_panel <= last_panel && last_panel <= matrix.panels(), "multiply: panels outside the matrix");
  base::check(x.size() == y.size(), "multiply: as many results as vectors");
  std::vector<PreparedVector> prepared;
  prepared.reserve(x.size());
  for (std::size_t t = 0; t < x.size(); ++t) {
    base::check(y[t].size() == matrix.rows, "multiply: a result's size is not the matrix's rows");
    prepared.push_back(prepare(matrix, x[t]));
  }
  const auto path = simd == Simd::Avx512 ? panel_sums_avx512 : simd == Simd::Avx2 ? panel_sums_avx2 : panel_sums_scalar;
  std::array<PanelSums, kBatch> sums;
  for (std::size_t panel = first_panel; panel < last_panel; ++panel) {
    const std::size_t rows = std::min(kPanelRows, matrix.rows - panel * kPanelRows);
    for (std::size_t begin = 0; begin < x.size(); begin += kBatch) {
      const std::size_t count = std::min(kBatch, x.size() - begin);
      path(matrix, panel, std::span(prepared).subspan(begin, count), sums.data());
      for (std::size_t t = 0; t < count; ++t) {
        for (std::size_t r = 0; r < rows; ++r) {
          const std::size_t row = panel * kPanelRows + r;
          y[begin + t][row] = row_result(matrix.row_scales[row], sums[t][r], x[begin + t].max_exponent);
        }
      }
    }
  }
}

void multiply(const MatrixView& matrix, const QuantisedVector& x, std::size_t first_panel, std::size_t last_panel,
              std::span<float> y, Simd simd) {
  multiply_batch(matrix, std::span(&x, 1), first_panel, last_panel, std::span(&y, 1), simd);
}

}  // namespace kiln::numerics
