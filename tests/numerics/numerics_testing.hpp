// Seeds, random matrices and vectors for the tests of numerics. Oracles are double precision and libm, written per
// test.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "numerics/matrix.hpp"
#include "numerics/vector_ops.hpp"
#include "support/seed.hpp"

namespace kiln::numerics::testing {

inline std::uint64_t seed() { return support::test_seed(20240607); }

inline double uniform(base::Random& random, double low, double high) { return low + (high - low) * random.unit(); }

/// Kinds of vectors that arithmetic trips over.
enum class Kind { Moderate, Mixed, Tiny, Huge, Zeros, Subnormal, Largest, Sparse };
inline constexpr Kind kAllKinds[] = {Kind::Moderate, Kind::Mixed,     Kind::Tiny,    Kind::Huge,
                                     Kind::Zeros,    Kind::Subnormal, Kind::Largest, Kind::Sparse};

inline float random_float(base::Random& random, Kind kind) {
  const double sign = random.below(2) != 0 ? 1 : -1;
  const double u = random.unit();
  switch (kind) {
    case Kind::Moderate:
      return static_cast<float>(sign * u * 4);
    case Kind::Mixed:
      return static_cast<float>(sign * (1 + u) * std::exp2(uniform(random, -30, 30)));
    case Kind::Tiny:
      return static_cast<float>(sign * (1 + u) * std::exp2(uniform(random, -130, -110)));
    case Kind::Huge:
      return static_cast<float>(sign * (1 + u) * std::exp2(uniform(random, 100, 126)));
    case Kind::Zeros:
      return sign < 0 ? -0.0F : 0.0F;
    case Kind::Subnormal:
      return std::bit_cast<float>(static_cast<std::uint32_t>(random.below(1U << 23)) | (sign < 0 ? 0x80000000U : 0U));
    case Kind::Largest:
      return static_cast<float>(sign * std::numeric_limits<float>::max());
    default:
      return random.below(16) == 0 ? static_cast<float>(sign * u) : 0.0F;
  }
}

inline std::vector<float> random_vector(base::Random& random, std::size_t size, Kind kind) {
  std::vector<float> x(size);
  for (float& element : x) element = random_float(random, kind);
  return x;
}

/// What an element counts as when it enters the chip.
inline double entering(float x) {
  return std::fabs(x) < std::numeric_limits<float>::min() ? 0.0 : static_cast<double>(x);
}

/// No NaN, no infinity, no subnormal, no negative zero.
inline bool is_clean(float x) {
  return std::isfinite(x) && (x == 0 ? !std::signbit(x) : std::fabs(x) >= std::numeric_limits<float>::min());
}

/// Of codes, in bits.
inline constexpr int kWidths[] = {2, 3, 4, 6, 8};

struct OwnedMatrix {
  std::uint32_t rows = 0, columns = 0;
  int bits = 0;
  std::vector<std::int8_t> codebook;
  std::vector<std::uint8_t> plain;  ///< 16-padded rows x padded columns
  std::vector<std::byte> codes;
  std::vector<std::uint8_t> scales;
  std::vector<float> row_scales;

  [[nodiscard]] MatrixView view() const { return {rows, columns, bits, codebook, codes, scales, row_scales}; }
  [[nodiscard]] std::size_t padded() const { return (columns + kGroup - 1) / kGroup * kGroup; }
};

/// `extreme`: codebook of -127 and 127 alone, largest scales.
inline OwnedMatrix random_matrix(base::Random& random, std::uint32_t rows, std::uint32_t columns, int bits,
                                 bool extreme = false) {
  OwnedMatrix m;
  m.rows = rows;
  m.columns = columns;
  m.bits = bits;
  for (int i = 0; i < 1 << bits; ++i) {
    m.codebook.push_back(
        static_cast<std::int8_t>(extreme ? (i % 2 != 0 ? 127 : -127) : static_cast<int>(random.below(255)) - 127));
  }
  const std::size_t panels = (rows + kPanelRows - 1) / kPanelRows;
  m.plain.assign(panels * kPanelRows * m.padded(), 0);
  for (std::uint32_t r = 0; r < rows; ++r) {
    for (std::uint32_t c = 0; c < columns; ++c)
      m.plain[r * m.padded() + c] = static_cast<std::uint8_t>(random.below(1U << bits));
  }
  m.codes.resize(packed_code_bytes(rows, columns, bits));
  const std::size_t panel_bytes = packed_code_bytes(kPanelRows, columns, bits);
  for (std::size_t p = 0; p < panels; ++p) {
    pack_panel(bits, columns, std::span(m.plain).subspan(p * kPanelRows * m.padded(), kPanelRows * m.padded()),
               std::span(m.codes).subspan(p * panel_bytes, panel_bytes));
  }
  m.scales.resize(scale_count(rows, columns));
  for (auto& s : m.scales) s = static_cast<std::uint8_t>(extreme ? 255 : random.below(256));
  m.row_scales.resize(rows);
  for (auto& r : m.row_scales) r = static_cast<float>(random.unit() * 0.01);
  return m;
}

/// A quantised vector that need not come from quantise(): any codes, exponents that differ a little or a lot.
inline QuantisedVector random_quantised(base::Random& random, std::size_t size, bool extreme = false) {
  QuantisedVector x;
  const std::size_t groups = (size + kGroup - 1) / kGroup;
  x.size = size;
  x.codes.assign(groups * kGroup, 0);
  x.max_exponent = kZeroExponent;
  for (std::size_t i = 0; i < size; ++i) {
    x.codes[i] = static_cast<std::int8_t>(extreme ? (random.below(2) != 0 ? 127 : -127)
                                                  : static_cast<int>(random.below(255)) - 127);
  }
  for (std::size_t g = 0; g < groups; ++g) {
    const int spread = random.below(4) == 0 ? 40 : 4;
    x.exponents.push_back(
        static_cast<std::int16_t>(extreme ? 0 : -static_cast<int>(random.below(static_cast<std::uint64_t>(spread)))));
    x.steps.push_back(static_cast<std::uint8_t>(extreme ? 7 : random.below(5) == 0 ? 1 : random.between(4, 7)));
    if (random.below(10) == 0 && !extreme) {
      x.exponents[g] = kZeroExponent;
      for (std::size_t i = 0; i < kGroup; ++i) x.codes[g * kGroup + i] = 0;
    }
    x.max_exponent = std::max(x.max_exponent, x.exponents[g]);
  }
  return x;
}

}  // namespace kiln::numerics::testing
