#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <tuple>
#include <utility>

#include "kiln/base/result.hpp"
#include "numerics/bits.hpp"
#include "numerics_testing.hpp"

namespace kiln::numerics {
namespace {

using namespace testing;

TEST(Packing, CodeAt_GivesBackWhatWasPacked) {
  base::Random random(testing::seed());
  for (const int bits : kWidths) {
    for (const std::uint32_t columns : {1U, 63U, 64U, 65U, 172U}) {
      const auto rows = static_cast<std::uint32_t>(random.between(1, 40));
      const OwnedMatrix m = random_matrix(random, rows, columns, bits);
      for (std::uint32_t r = 0; r < rows; ++r) {
        for (std::uint32_t c = 0; c < columns; ++c) ASSERT_EQ(code_at(m.view(), r, c), m.plain[r * m.padded() + c]);
        for (std::size_t g = 0; g < m.padded() / kGroup; ++g) {
          std::array<std::uint8_t, kGroup> codes;
          codes_of_group(m.view(), r, g, codes);
          ASSERT_TRUE(std::equal(codes.begin(), codes.end(),
                                 m.plain.begin() + static_cast<std::ptrdiff_t>(r * m.padded() + g * kGroup)));
        }
      }
    }
  }
}

/// The bytes that are not 0 of a group in which one code is.
std::map<std::size_t, unsigned> bytes_of(int bits, std::size_t row, std::size_t input, std::uint8_t code) {
  std::vector<std::uint8_t> codes(kPanelRows * kGroup, 0);
  codes[row * kGroup + input] = code;
  std::vector<std::byte> out(packed_code_bytes(16, 64, bits));
  pack_panel(bits, 64, codes, out);
  std::map<std::size_t, unsigned> found;
  for (std::size_t i = 0; i < out.size(); ++i)
    if (out[i] != std::byte{0}) found[i] = std::to_integer<unsigned>(out[i]);
  return found;
}

TEST(Packing, LayoutIsTheDocumentedOne) {
  using Bytes = std::map<std::size_t, unsigned>;
  // Row 5, input 4j + 3: byte lane 23 of vector j.
  EXPECT_EQ(bytes_of(8, 5, 11, 0xA5), (Bytes{{2 * 64 + 23, 0xA5}}));
  EXPECT_EQ(bytes_of(4, 5, 11, 0xA), (Bytes{{64 + 23, 0x0A}}));
  EXPECT_EQ(bytes_of(4, 5, 15, 0xA), (Bytes{{64 + 23, 0xA0}}));
  EXPECT_EQ(bytes_of(2, 5, 11, 2), (Bytes{{23, 2 << 4}}));
  EXPECT_EQ(bytes_of(2, 5, 19, 3), (Bytes{{64 + 23, 3}}));
  EXPECT_EQ(bytes_of(3, 5, 11, 5), (Bytes{{64 + 23, 5}}));
  EXPECT_EQ(bytes_of(3, 5, 15, 5), (Bytes{{64 + 23, 5 << 4}}));
  EXPECT_EQ(bytes_of(3, 5, 27, 5), (Bytes{{23, 1 << 3}, {128 + 23, 1 << 3}}));
  EXPECT_EQ(bytes_of(3, 5, 63, 7), (Bytes{{192 + 23, 1 << 7}, {256 + 23, 1 << 7}, {320 + 23, 1 << 7}}));
  EXPECT_EQ(bytes_of(6, 5, 11, 0x2D), (Bytes{{128 + 23, 0x2D}}));
  EXPECT_EQ(bytes_of(6, 5, 15, 0x2D), (Bytes{{23, 1 << 6}, {64 + 23, 3 << 6}, {128 + 23, 2 << 6}}));
}

TEST(Packing, SizesArePaddedToPanelsAndGroups) {
  EXPECT_EQ(packed_code_bytes(17, 65, 3), 2U * 2 * 16 * 64 * 3 / 8);
  EXPECT_EQ(scale_count(17, 65), 2U * 2 * 16);
  EXPECT_THROW((void)packed_code_bytes(16, 64, 5), base::BugError);
  EXPECT_THROW((void)scale_count(16, kMaxColumns + 1), base::BugError);
}

TEST(Packing, CodeThatDoesNotFitIsABug) {
  std::vector<std::uint8_t> codes(kPanelRows * kGroup, 4);
  std::vector<std::byte> out(packed_code_bytes(16, 64, 2));
  EXPECT_THROW(pack_panel(2, 64, codes, out), base::BugError);
}

/// y of one row straight from the formulas, from the plain codes.
std::int64_t naive_sum(const OwnedMatrix& m, std::uint32_t row, const QuantisedVector& x) {
  std::int64_t sum = 0;
  const MatrixView view = m.view();
  for (std::size_t g = 0; g < view.groups(); ++g) {
    std::int32_t p = 0;
    for (std::size_t c = g * kGroup; c < std::min<std::size_t>((g + 1) * kGroup, m.columns); ++c) {
      p += m.codebook[m.plain[row * m.padded() + c]] * x.codes[c];
    }
    const std::uint8_t scale = m.scales[(row / 16 * view.groups() + g) * 16 + row % 16];
    sum += scaled_term(p, scale, x.steps[g], x.max_exponent - x.exponents[g]);
  }
  return sum;
}

std::vector<float> run(const OwnedMatrix& m, const QuantisedVector& x, Simd simd) {
  std::vector<float> y(m.rows, -1.0F);
  multiply(m.view(), x, 0, m.view().panels(), y, simd);
  return y;
}

class MatrixPath : public ::testing::TestWithParam<Simd> {
 protected:
  void SetUp() override {
    if (GetParam() > best_simd()) GTEST_SKIP() << "this host has no such vector unit";
  }
};

INSTANTIATE_TEST_SUITE_P(
    All, MatrixPath, ::testing::Values(Simd::Scalar, Simd::Avx2, Simd::Avx512), [](const auto& test) {
      return std::string(test.param == Simd::Scalar ? "Scalar" : test.param == Simd::Avx2 ? "Avx2" : "Avx512");
    });

TEST_P(MatrixPath, EveryRowIsTheFormula) {
  base::Random random(testing::seed());
  for (int round = 0; round < 150; ++round) {
    const int bits = kWidths[round % 5];
    const bool extreme = round % 7 == 0;
    const auto rows = static_cast<std::uint32_t>(random.between(1, 40));
    const auto columns = static_cast<std::uint32_t>(round % 11 == 0 ? 172 : random.between(1, 200));
    const OwnedMatrix m = random_matrix(random, rows, columns, bits, extreme);
    const QuantisedVector x = random_quantised(random, columns, extreme);
    const std::vector<float> y = run(m, x, GetParam());
    for (std::uint32_t r = 0; r < rows; ++r) {
      const float expected = row_result(m.row_scales[r], naive_sum(m, r, x), x.max_exponent);
      ASSERT_EQ(std::bit_cast<std::uint32_t>(y[r]), std::bit_cast<std::uint32_t>(expected))
          << bits << " bits, " << rows << " x " << columns << ", row " << r;
    }
  }
}

TEST_P(MatrixPath, AllExtremeValuesDoNotOverflow) {
  base::Random random(testing::seed());
  for (const int bits : kWidths) {
    const std::uint32_t groups = bits == 2 ? kMaxColumns / kGroup : 40;  // as wide as a matrix may be
    OwnedMatrix m = random_matrix(random, 16, kGroup * groups, bits, true);
    std::fill(m.codebook.begin(), m.codebook.end(), std::int8_t{127});
    std::vector<QuantisedVector> x(2, random_quantised(random, m.columns, true));
    std::vector<std::vector<float>> y(3, std::vector<float>(16));
    std::fill(x[0].codes.begin(), x[0].codes.end(), std::int8_t{127});
    std::fill(x[1].codes.begin(), x[1].codes.end(), std::int8_t{-127});
    multiply_batch(m.view(), x, 0, 1, std::vector<std::span<float>>{y[0], y[1]}, GetParam());
    multiply(m.view(), x[1], 0, 1, y[2], GetParam());
    for (std::uint32_t r = 0; r < 16; ++r) {
      const std::int64_t sum = std::int64_t{127} * 127 * 64 * 255 * 7 * groups;
      ASSERT_EQ(y[0][r], row_result(m.row_scales[r], sum, 0)) << bits;
      ASSERT_EQ(y[1][r], row_result(m.row_scales[r], -sum, 0)) << bits;
      ASSERT_EQ(y[2][r], y[1][r]) << bits << ", alone";
    }
  }
}

TEST_P(MatrixPath, ByteCodebooksOfEveryKind) {
  base::Random random(testing::seed());
  for (int kind = 0; kind < 5; ++kind) {
    OwnedMatrix m = random_matrix(random, 33, 200, 8);
    for (int i = 0; i < 256; ++i) {
      const int values[] = {std::max(i - 128, -127), std::max<int>(static_cast<std::int8_t>(i), -127),
                            i < 128 ? i - 127 : i - 128, std::clamp(127 - i, -127, 127),
                            m.codebook[static_cast<std::size_t>(i)]};
      m.codebook[static_cast<std::size_t>(i)] = static_cast<std::int8_t>(values[kind]);
    }
    const QuantisedVector x = random_quantised(random, 200);
    const std::vector<float> y = run(m, x, GetParam());
    for (std::uint32_t r = 0; r < m.rows; ++r) {
      ASSERT_EQ(y[r], row_result(m.row_scales[r], naive_sum(m, r, x), x.max_exponent)) << kind;
    }
  }
}

/// 8-bit codes of 64 inputs whose product with activations 127, ..., 127, 1 is `p`; codebook: code - 128.
void codes_of_product(std::int32_t p, std::uint8_t* codes) {
  std::int32_t rest = std::abs(p) / 127;
  for (std::size_t i = 0; i < kGroup; ++i) {
    const std::int32_t value = i == kGroup - 1 ? std::abs(p) % 127 : std::min(rest, 127);
    if (i != kGroup - 1) rest -= value;
    codes[i] = static_cast<std::uint8_t>((p < 0 ? -value : value) + 128);
  }
  ASSERT_EQ(rest, 0);
}

/// A sum S and a row scale whose product, of 55 bits, lies `above` units of its last bit above the middle of two floats,
/// not 0: doubles would take it for the middle itself.
std::pair<std::int32_t, float> near_a_middle(base::Random& random, std::int64_t above) {
  constexpr std::uint64_t kHalf = std::uint64_t{1} << 30;
  while (true) {
    const std::uint64_t odd = (std::uint64_t{1} << 23) | random.below(1U << 23) | 1;
    std::uint64_t inverse = odd;  // modulo 2^64, by Newton
    for (int i = 0; i < 6; ++i) inverse *= 2 - odd * inverse;
    const std::uint64_t sum = (kHalf + static_cast<std::uint64_t>(above)) * inverse % (2 * kHalf);
    if (sum < 1'800'000'000 && std::bit_width(sum * odd) == 55)
      return {static_cast<std::int32_t>(sum), static_cast<float>(odd)};
  }
}

TEST_P(MatrixPath, ResultsAreRoundedOnceNearMiddlesAndEnds) {
  base::Random random(testing::seed());
  OwnedMatrix m = random_matrix(random, 16, 3 * 64, 8);
  for (int i = 0; i < 256; ++i)
    m.codebook[static_cast<std::size_t>(i)] = static_cast<std::int8_t>(std::max(i, 1) - 128);
  QuantisedVector x = random_quantised(random, m.columns);
  for (std::size_t i = 0; i < m.columns; ++i) x.codes[i] = i % 64 == 63 ? 1 : 127;
  x.steps = {7, 1, 1};
  for (std::size_t i = 0; i < m.scales.size(); ++i) m.scales[i] = i < 16 ? 255 : 1;
  // S * scale is near 2^55: results in the middle, at both ends, and one or two octaves below the smallest.
  for (const int exponent : {0, 72, 73, 74, 200, -180, -181, -182, -183, -250}) {
    x.exponents.assign(3, static_cast<std::int16_t>(exponent));
    x.max_exponent = x.exponents[0];
    std::vector<std::int32_t> sums(16);
    for (std::uint32_t r = 0; r < 16; ++r) {
      std::tie(sums[r], m.row_scales[r]) = near_a_middle(random, std::array{-2, -1, 1, 2}[r / 2 % 4]);
      if (r % 2 != 0) sums[r] = -sums[r];
      std::uint8_t* codes = m.plain.data() + r * m.padded();
      codes_of_product(sums[r] / 1785, codes);
      codes_of_product(sums[r] % 1785, codes + 64);
      codes_of_product(0, codes + 128);
    }
    pack_panel(8, m.columns, m.plain, m.codes);
    const std::vector<float> y = run(m, x, GetParam());
    for (std::uint32_t r = 0; r < 16; ++r) {
      ASSERT_EQ(naive_sum(m, r, x), sums[r]);
      EXPECT_EQ(y[r], row_result(m.row_scales[r], sums[r], exponent)) << exponent << ' ' << r;
      EXPECT_TRUE(is_clean(y[r]));
    }
  }
}

TEST_P(MatrixPath, ABatchGivesWhatItsVectorsGive) {
  base::Random random(testing::seed());
  for (int round = 0; round < 40; ++round) {
    const int bits = kWidths[round % 5];
    const auto columns = static_cast<std::uint32_t>(random.between(1, 1500));
    const OwnedMatrix m =
        random_matrix(random, static_cast<std::uint32_t>(random.between(1, 100)), columns, bits, round % 9 == 0);
    const std::size_t batch = round == 0 ? 70 : random.between(1, round % 8 == 1 ? 64 : 19);
    std::vector<QuantisedVector> x;
    for (std::size_t t = 0; t < batch; ++t) x.push_back(random_quantised(random, columns, round % 9 == 0));
    std::vector<std::vector<float>> y(batch, std::vector<float>(m.rows));
    std::vector<std::span<float>> spans(y.begin(), y.end());
    multiply_batch(m.view(), x, 0, m.view().panels(), spans, GetParam());
    for (std::size_t t = 0; t < batch; ++t)
      ASSERT_EQ(y[t], run(m, x[t], Simd::Scalar)) << bits << " bits, vector " << t;
  }
}

TEST_P(MatrixPath, ARangeOfPanelsLeavesTheOthers) {
  base::Random random(testing::seed());
  const OwnedMatrix m = random_matrix(random, 40, 100, 3);
  const QuantisedVector x = random_quantised(random, 100);
  const std::vector<float> whole = run(m, x, GetParam());
  std::vector<float> y(40, -7.0F);
  multiply(m.view(), x, 1, 2, y, GetParam());
  for (std::size_t r = 0; r < 40; ++r) EXPECT_EQ(y[r], r / 16 == 1 ? whole[r] : -7.0F);
}

TEST_P(MatrixPath, ARangeOfPanelsOfABatchLeavesTheOthers) {
  base::Random random(testing::seed());
  const OwnedMatrix m = random_matrix(random, 90, 100, 3);  // 6 panels, the last of 10 rows
  std::vector<QuantisedVector> x;
  for (int t = 0; t < 3; ++t) x.push_back(random_quantised(random, 100));
  for (const auto& [first, last] : {std::pair(1, 4), {2, 6}, {5, 6}, {3, 3}}) {
    std::vector<std::vector<float>> y(x.size(), std::vector<float>(90, -7.0F));
    std::vector<std::span<float>> spans(y.begin(), y.end());
    multiply_batch(m.view(), x, static_cast<std::size_t>(first), static_cast<std::size_t>(last), spans, GetParam());
    for (std::size_t t = 0; t < x.size(); ++t) {
      const std::vector<float> whole = run(m, x[t], Simd::Scalar);
      for (int r = 0; r < 90; ++r)
        EXPECT_EQ(y[t][static_cast<std::size_t>(r)],
                  r / 16 >= first && r / 16 < last ? whole[static_cast<std::size_t>(r)] : -7.0F);
    }
  }
}

TEST(Matrix, TilesOfAnyShapeGiveTheSameSum) {
  base::Random random(testing::seed());
  for (const int bits : kWidths) {
    const OwnedMatrix m = random_matrix(random, 20, 172, bits);
    const QuantisedVector x = random_quantised(random, 172);
    for (const std::size_t tile : {1U, 7U, 31U, 33U, 64U, 65U, 172U}) {
      for (std::uint32_t row = 0; row < m.rows; ++row) {
        std::vector<std::int32_t> p(m.view().groups(), 0);
        std::vector<std::pair<std::size_t, std::size_t>> parts;  // a tile's inputs, cut at groups
        for (std::size_t first = 0; first < 172; first += tile) {
          for (std::size_t at = first; at < std::min<std::size_t>(first + tile, 172);) {
            const std::size_t end = std::min({(at / kGroup + 1) * kGroup, first + tile, std::size_t{172}});
            parts.emplace_back(at, end);
            at = end;
          }
        }
        for (std::size_t i = parts.size(); i > 1; --i) std::swap(parts[i - 1], parts[random.below(i)]);
        for (const auto& [first, last] : parts) p[first / kGroup] += partial_product(m.view(), row, first, last, x);
        std::int64_t sum = 0;
        for (std::size_t g = p.size(); g-- > 0;) {
          sum += scaled_term(p[g], m.scales[(row / 16 * p.size() + g) * 16 + row % 16], x.steps[g],
                             x.max_exponent - x.exponents[g]);
        }
        ASSERT_EQ(sum, naive_sum(m, row, x)) << "tile of " << tile;
      }
    }
  }
}

TEST(Matrix, ResultLiesWithinTheBoundOfTheRealSum) {
  base::Random random(testing::seed());
  for (int round = 0; round < 50; ++round) {
    const auto columns = static_cast<std::uint32_t>(random.between(1, 500));
    const OwnedMatrix m = random_matrix(random, 16, columns, kWidths[round % 5]);
    const QuantisedVector x = random_quantised(random, columns);
    const std::vector<float> y = run(m, x, best_simd());
    for (std::uint32_t r = 0; r < 16; ++r) {
      double sum = 0;
      for (std::size_t c = 0; c < columns; ++c) {
        const double weight =
            double{m.row_scales[r]} * m.scales[c / kGroup * 16 + r] * m.codebook[m.plain[r * m.padded() + c]];
        sum += weight * x.codes[c] * x.steps[c / kGroup] * std::exp2(x.exponents[c / kGroup]);
      }
      const double bound =
          double{m.row_scales[r]} * std::exp2(x.max_exponent) * static_cast<double>(m.view().groups()) * 0.5;
      ASSERT_LE(std::fabs(y[r] - sum), bound + std::fabs(sum) * 0x1p-23 + 0x1p-126);
    }
  }
}

TEST(Matrix, ScaledTermRoundsHalfUpAndIsZeroFrom32On) {
  EXPECT_EQ(scaled_term(3, 1, 1, 1), 2);
  EXPECT_EQ(scaled_term(-3, 1, 1, 1), -1);
  EXPECT_EQ(scaled_term(-1, 1, 1, 1), 0);
  EXPECT_EQ(scaled_term(7, 255, 1, 0), 1785);
  EXPECT_EQ(scaled_term(7, 255, 7, 0), 12495);
  const std::int32_t largest = 64 * 127 * 127;
  EXPECT_EQ(scaled_term(largest, 255, 7, 31), 1);
  for (int shift = 32; shift < 600; ++shift) {
    EXPECT_EQ(scaled_term(largest, 255, 7, shift), 0);
    EXPECT_EQ(scaled_term(-largest, 255, 7, shift), 0);
  }
}

TEST(Matrix, RowResultIsOneRounding) {
  base::Random random(testing::seed());
  for (int i = 0; i < 100000; ++i) {
    const auto scale = static_cast<float>((1 + random.unit()) * std::exp2(testing::uniform(random, -126, 0)));
    const auto sum = static_cast<std::int64_t>(random.next()) >> random.between(22, 60);
    const auto exponent = static_cast<int>(random.between(0, 260)) - 130;
    const auto exact =
        static_cast<long double>(scale) * static_cast<long double>(sum);  // 64 bits of significand suffice
    if (std::bit_width(static_cast<std::uint64_t>(sum < 0 ? -sum : sum)) > 40) continue;
    float expected = static_cast<float>(std::ldexp(exact, exponent));
    if (std::fabs(expected) < std::numeric_limits<float>::min()) expected = 0.0F;
    if (std::isinf(expected)) expected = std::copysign(std::numeric_limits<float>::max(), expected);
    ASSERT_EQ(row_result(scale, sum, exponent), expected) << scale << ' ' << sum << ' ' << exponent;
  }
  EXPECT_TRUE(testing::is_clean(row_result(std::numeric_limits<float>::max(), std::int64_t{1} << 42, 200)));
  EXPECT_EQ(row_result(0.0F, 12345, 100), 0.0F);
  EXPECT_EQ(row_result(1.0F, 0, 100), 0.0F);
}

TEST(Matrix, RoundToFloatAgreesWithTheHostAroundTheSmallestNormal) {
  for (int top = -131; top <= -124; ++top) {
    for (std::uint64_t low = 0; low < 64; ++low) {
      for (const std::uint64_t base : {std::uint64_t{1} << 29, (std::uint64_t{1} << 30) - 64}) {
        const std::uint64_t magnitude = base + low;
        const int exponent = top - 29;
        float expected = static_cast<float>(std::ldexp(static_cast<double>(magnitude), exponent));
        if (std::fabs(expected) < std::numeric_limits<float>::min()) expected = 0.0F;
        ASSERT_EQ(round_to_float(false, magnitude, exponent), expected) << top << ' ' << low;
        ASSERT_EQ(round_to_float(true, magnitude, exponent), expected == 0 ? 0.0F : -expected);
      }
    }
  }
}

TEST(Matrix, WrongShapesAreBugs) {
  base::Random random(testing::seed());
  const OwnedMatrix m = random_matrix(random, 20, 100, 3);
  std::vector<float> y(20);
  EXPECT_THROW(multiply(m.view(), random_quantised(random, 99), 0, 2, y, Simd::Scalar), base::BugError);
  EXPECT_THROW(multiply(m.view(), random_quantised(random, 100), 0, 3, y, Simd::Scalar), base::BugError);
  EXPECT_THROW(multiply(m.view(), random_quantised(random, 100), 0, 2, std::span(y).first(19), Simd::Scalar),
               base::BugError);
  MatrixView cut = m.view();
  cut.codes = cut.codes.first(cut.codes.size() - 1);
  EXPECT_THROW(multiply(cut, random_quantised(random, 100), 0, 2, y, Simd::Scalar), base::BugError);
  EXPECT_THROW((void)partial_product(m.view(), 0, 60, 70, random_quantised(random, 100)), base::BugError);
}

}  // namespace
}  // namespace kiln::numerics
