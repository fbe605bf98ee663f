#include "numerics/matrix.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "kiln/base/result.hpp"
#include "numerics/bits.hpp"
#include "numerics/matrix_paths.hpp"

namespace kiln::numerics {

namespace {

void check_shapes(const MatrixView& matrix) {
  base::check(valid_code_bits(matrix.bits) && matrix.columns <= kMaxColumns, "matrix: code width or columns");
  base::check(matrix.codebook.size() == std::size_t{1} << matrix.bits, "matrix: codebook size");
  base::check(matrix.codes.size() >= packed_code_bytes(matrix.rows, matrix.columns, matrix.bits),
              "matrix: codes missing");
  base::check(matrix.scales.size() >= scale_count(matrix.rows, matrix.columns), "matrix: scales missing");
  base::check(matrix.row_scales.size() >= matrix.rows, "matrix: row scales missing");
}

}  // namespace

Codebook::Codebook(const MatrixView& matrix) {
  const std::size_t mask = (std::size_t{1} << matrix.bits) - 1;
  for (std::size_t i = 0; i < 256; ++i) entries[i] = matrix.codebook[i & mask];
  if (matrix.bits != 8) return;
  bool biased = true;
  bool twos = true;
  bool mirrored = true;
  for (int i = 0; i < 256; ++i) {
    biased = biased && entries[i] == std::max(i, 1) - 128;
    twos = twos && entries[i] == std::max<int>(static_cast<std::int8_t>(i), -127);
    mirrored = mirrored && entries[i] == i - (i < 128 ? 127 : 128);
  }
  kind = biased ? Kind::Biased : twos ? Kind::Signed : mirrored ? Kind::Mirrored : Kind::Table;
}

void PreparedBatch::assign(std::span<const QuantisedVector> x, Simd simd) {
  simd_ = simd;
  columns_ = x.empty() ? 0 : x.front().size;
  deep_ = false;
  const std::size_t groups = (columns_ + kGroup - 1) / kGroup;
  codes_.resize(groups * x.size() * kGroup);
  magnitudes_.resize(simd == Simd::Avx2 && x.size() == 1 ? codes_.size() : 0);
  words_.resize(simd == Simd::Avx2 && x.size() > 1 ? codes_.size() : 0);
  terms_.resize(groups * x.size());
  exponents_.resize(x.size());
  for (std::size_t t = 0; t < x.size(); ++t) {
    base::check(x[t].size == columns_ && x[t].codes.size() == groups * kGroup && x[t].exponents.size() == groups &&
                    x[t].steps.size() == groups,
                "matrix: vectors of a batch have one width, and all that belongs to it");
    exponents_[t] = x[t].max_exponent;
    for (std::size_t g = 0; g < groups; ++g) {
      const std::int8_t* from = x[t].codes.data() + g * kGroup;
      const std::size_t at = (g * x.size() + t) * kGroup;
      std::int32_t sum = 0;
      for (std::size_t i = 0; i < kGroup; ++i) sum += from[i];
      std::copy_n(from, kGroup, codes_.data() + at);
      if (!words_.empty()) std::copy_n(from, kGroup, words_.data() + at);
      if (!magnitudes_.empty())
        std::transform(from, from + kGroup, magnitudes_.data() + at,
                       [](std::int8_t code) { return static_cast<std::int8_t>(code < 0 ? -code : code); });
      const std::uint8_t step = x[t].steps[g];
      base::check(x[t].exponents[g] <= x[t].max_exponent && (step == 1 || (step >= 4 && step <= 7)),
                  "matrix: a group's exponent lies above its vector's, or its step is none");
      const int shift = std::min(x[t].max_exponent - x[t].exponents[g], 32);
      // Half of a shift up to 28 is added without a carry: |term| + 2^27 < 2^31. Beyond, floors of floors are floors.
      const int before = std::max(0, shift - 28);
      const int after = shift - before;
      deep_ = deep_ || before > 0;
      terms_[g * x.size() + t] = {-128 * sum, step, before, after == 0 ? 0 : 1 << (after - 1), after};
    }
  }
}

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
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) widest = Simd::Avx2;
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

void panel_scalar(const MatrixView& matrix, const Codebook& book, std::size_t panel, const PanelRows* row_scales,
                  const PreparedBatch& batch, std::size_t first, std::size_t count, PanelRows* y) {
  const std::size_t groups = matrix.groups();
  const std::size_t group_bytes = kPanelRows * kGroup / 8 * static_cast<std::size_t>(matrix.bits);
  std::array<std::array<std::int64_t, kPanelRows>, kMostVectors> sums;
  for (std::size_t t = 0; t < count; ++t) sums[t].fill(0);
  std::array<std::int8_t, kPanelRows * kGroup> weights;
  for (std::size_t g = 0; g < groups; ++g) {
    const std::size_t at = panel * groups + g;
    decode_group(matrix.bits, book.entries, matrix.codes.data() + at * group_bytes, weights.data());
    for (std::size_t t = 0; t < count; ++t) {
      const std::int8_t* a = batch.codes(g, first + t);
      const PreparedBatch::Term& term = *batch.terms(g, first + t);
      for (std::size_t row = 0; row < kPanelRows; ++row) {
        std::int32_t p = 0;
        for (std::size_t i = 0; i < kGroup; ++i) p += weights[i / 4 * 64 + row * 4 + i % 4] * a[i];
        sums[t][row] += scaled_term(p, matrix.scales[at * kPanelRows + row], static_cast<std::uint8_t>(term.step),
                                    term.before + term.after);
      }
    }
  }
  for (std::size_t t = 0; t < count; ++t)
    for (std::size_t row = 0; row < kPanelRows; ++row)
      y[t][row] = row_result((*row_scales)[row], sums[t][row], batch.max_exponent(first + t));
}

void multiply(const MatrixView& matrix, const PreparedBatch& x, std::size_t first_panel, std::size_t last_panel,
              std::span<const std::span<float>> y) {
  check_shapes(matrix);
  base::check(first_panel <= last_panel && last_panel <= matrix.panels(), "multiply: panels outside the matrix");
  base::check(x.size() == y.size(), "multiply: as many results as vectors");
  base::check(x.size() == 0 || x.columns() == matrix.columns,
              "multiply: the vectors' width is not the matrix's number of columns");
  for (const std::span<float>& result : y)
    base::check(result.size() == matrix.rows, "multiply: a result's size is not the matrix's rows");
  const Codebook book(matrix);
  const PanelPath one = x.simd() == Simd::Avx512 ? panel_avx512 : x.simd() == Simd::Avx2 ? panel_avx2 : panel_scalar;
  const std::size_t together = x.simd() == Simd::Avx512 && x.size() > 1 ? 2 : 1;
  std::array<PanelRows, 2 * kMostVectors> results;
  std::size_t panels = 0;
  for (std::size_t panel = first_panel; panel < last_panel; panel += panels) {
    panels = std::min(together, last_panel - panel);
    const PanelPath path = panels == 2 ? two_panels_avx512 : one;
    const std::size_t first = panel * kPanelRows;
    const std::size_t rows = std::min(panels * kPanelRows, matrix.rows - first);
    std::array<PanelRows, 2> row_scales = {};
    const auto rows_of = [&](std::size_t i) { return std::min(kPanelRows, rows - i * kPanelRows); };
    for (std::size_t i = 0; i < panels; ++i)
      std::copy_n(matrix.row_scales.data() + first + i * kPanelRows, rows_of(i), row_scales[i].data());
    for (std::size_t begin = 0; begin < x.size(); begin += kMostVectors) {
      const std::size_t count = std::min(kMostVectors, x.size() - begin);
      path(matrix, book, panel, row_scales.data(), x, begin, count, results.data());
      for (std::size_t t = 0; t < count; ++t) {
        float* to = y[begin + t].data() + first;
        for (std::size_t i = 0; i < panels; ++i) {
          const float* from = results[i * kMostVectors + t].data();
          rows_of(i) == kPanelRows ? std::copy_n(from, kPanelRows, to) : std::copy_n(from, rows_of(i), to);
          to += kPanelRows;
        }
      }
    }
  }
}

void multiply_batch(const MatrixView& matrix, std::span<const QuantisedVector> x, std::size_t first_panel,
                    std::size_t last_panel, std::span<const std::span<float>> y, Simd simd) {
  multiply(matrix, PreparedBatch(x, simd), first_panel, last_panel, y);
}

void multiply(const MatrixView& matrix, const QuantisedVector& x, std::size_t first_panel, std::size_t last_panel,
              std::span<float> y, Simd simd) {
  multiply_batch(matrix, std::span(&x, 1), first_panel, last_panel, std::span(&y, 1), simd);
}

}  // namespace kiln::numerics
