#include "bake/row_fit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "bake_testing.hpp"
#include "base/random.hpp"

namespace kiln::bake::test {
namespace {

using numerics::Simd;

/// About normal, padded to whole groups.
std::vector<float> random_row(std::size_t columns, base::Random& random) {
  std::vector<float> row((columns + 63) / 64 * 64);
  for (std::size_t i = 0; i < columns; ++i)
    row[i] = static_cast<float>(random.unit() + random.unit() + random.unit() + random.unit() - 2.0) * 0.03F;
  return row;
}

struct Fitted {
  RowFit fit;
  std::vector<std::uint8_t> codes;
  std::vector<std::uint8_t> scales;
};

Fitted fitted(const std::vector<float>& row, std::size_t columns, const Codebook& book, const ScaleSearch& search,
              Simd simd) {
  Fitted out{{}, std::vector<std::uint8_t>(row.size(), 99), std::vector<std::uint8_t>(row.size() / 64)};
  out.fit = fit_row(row, columns, book, search, simd, out.codes, out.scales.data(), 1);
  return out;
}

double decoded(const Fitted& from, const Codebook& book, std::size_t i) {
  return double{from.fit.row_scale} * from.scales[i / 64] * book.stored()[from.codes[i]];
}

Codebook uneven_codebook() { return {4, {4, 13, 23, 35, 49, 66, 90, 127}}; }

TEST(RowFit, EveryPath_GivesTheSameBits) {
  base::Random random(seed());
  SCOPED_TRACE("KILN_SEED=" + std::to_string(seed()));
  for (const std::size_t columns : {1, 7, 64, 100, 172, 320}) {
    for (const auto& book :
         {uniform_codebook(2), uniform_codebook(3), uneven_codebook(), uniform_codebook(6), uniform_codebook(8)}) {
      const auto row = random_row(columns, random);
      const auto first = fitted(row, columns, book, {0, {0.9F, 0.7F}}, Simd::Scalar);
      for (const Simd simd : paths()) {
        const auto again = fitted(row, columns, book, {0, {0.9F, 0.7F}}, simd);
        EXPECT_EQ(again.codes, first.codes);
        EXPECT_EQ(again.scales, first.scales);
        EXPECT_EQ(again.fit.row_scale, first.fit.row_scale);
        EXPECT_EQ(again.fit.error, first.fit.error);
        EXPECT_EQ(again.fit.max_error, first.fit.max_error);
      }
    }
  }
}

TEST(RowFit, Report_IsWhatDecodingShows) {
  base::Random random(seed());
  for (const auto& book :
       {uniform_codebook(2), uniform_codebook(3), uneven_codebook(), uniform_codebook(6), uniform_codebook(8)}) {
    const std::size_t columns = 172;
    const auto row = random_row(columns, random);
    const auto result = fitted(row, columns, book, {1.0F, {0.8F, 1.2F}}, numerics::best_simd());
    double error = 0;
    double worst = 0;
    for (std::size_t i = 0; i < columns; ++i) {
      const double off = std::fabs(row[i] - decoded(result, book, i));
      error += off * off;
      worst = std::max(worst, off);
    }
    EXPECT_NEAR(result.fit.error / error, 1.0, 1e-4);
    EXPECT_NEAR(result.fit.max_error / worst, 1.0, 1e-4);
    for (std::size_t i = columns; i < row.size(); ++i) EXPECT_EQ(result.codes[i], 0);
  }
}

TEST(RowFit, Codes_AreNearestLevels) {
  base::Random random(seed());
  for (const auto& book : {uniform_codebook(2), uneven_codebook(), uniform_codebook(6), uniform_codebook(8)}) {
    const auto row = random_row(128, random);
    const auto result = fitted(row, 128, book, {0, {0.9F}}, numerics::best_simd());
    for (std::size_t i = 0; i < row.size(); ++i) {
      double least = 1e9;
      for (const auto level : book.stored())
        least = std::min(least, std::fabs(row[i] - double{result.fit.row_scale} * result.scales[i / 64] * level));
      EXPECT_NEAR(std::fabs(row[i] - decoded(result, book, i)), least, 1e-7);
    }
  }
}

TEST(RowFit, Search_IsNeverWorseThanTheCoveringScale) {
  base::Random random(seed());
  for (const auto& book : {uniform_codebook(3), uniform_codebook(6), uniform_codebook(8)}) {
    const auto row = random_row(640, random);
    const auto covering = fitted(row, 640, book, {}, numerics::best_simd());
    const auto searched = fitted(row, 640, book, {0, {0.9F, 0.8F, 0.7F}}, numerics::best_simd());
    EXPECT_LE(searched.fit.error, covering.fit.error);
  }
}

TEST(RowFit, WithoutASearch_TheScaleIsTheLeastThatCovers) {
  base::Random random(seed());
  const auto book = uniform_codebook(8);
  const auto row = random_row(640, random);
  const auto result = fitted(row, 640, book, {}, numerics::best_simd());
  for (std::size_t g = 0; g < 10; ++g) {
    double largest = 0;
    for (std::size_t i = g * 64; i < (g + 1) * 64; ++i) largest = std::max(largest, std::fabs(double{row[i]}));
    const double reach = 127.0 * double{result.fit.row_scale};
    EXPECT_GE(reach * result.scales[g], largest * (1 - 1e-6));
    EXPECT_LE(reach * (result.scales[g] - 1), largest);
  }
}

TEST(RowFit, ZerosAndTinyRows_AreZeros) {
  const auto book = uniform_codebook(3);
  std::vector<float> row(128);
  auto result = fitted(row, 128, book, {0, {0.9F}}, numerics::best_simd());
  EXPECT_EQ(result.fit.row_scale, 0.0F);
  EXPECT_EQ(result.scales, std::vector<std::uint8_t>(2));
  row[70] = 1.0F;
  result = fitted(row, 128, book, {0, {0.9F}}, numerics::best_simd());
  EXPECT_EQ(result.scales[0], 0);
  EXPECT_GT(result.scales[1], 0);
  row[70] = 1e-40F;
  result = fitted(row, 128, book, {0, {0.9F}}, numerics::best_simd());
  EXPECT_EQ(result.fit.row_scale, 0.0F);
  EXPECT_EQ(result.scales, std::vector<std::uint8_t>(2));
}

TEST(RowFit, HugeRow_StaysFinite) {
  const auto book = uniform_codebook(8);
  std::vector<float> row(64, 3e38F);
  const auto result = fitted(row, 64, book, {0, {0.99F}}, numerics::best_simd());
  EXPECT_TRUE(std::isfinite(result.fit.error));
  EXPECT_NEAR(decoded(result, book, 0) / 3e38, 1.0, 0.01);
}

TEST(Codebook, Uniform_MirrorsItselfAndFitsINT8) {
  for (const int bits : {2, 3, 4, 6, 8}) {
    const auto levels = uniform_codebook(bits).stored();
    ASSERT_EQ(levels.size(), std::size_t{1} << bits);
    for (std::size_t i = 0; i < levels.size(); ++i) {
      EXPECT_EQ(levels[i], -levels[levels.size() - 1 - i]);
      EXPECT_NE(levels[i], -128);
      if (i > 0) {
        EXPECT_GE(levels[i], levels[i - 1]);
      }
    }
    EXPECT_GE(levels.back(), 120);
  }
}

TEST(Codebook, Lloyd_FindsTheLevelsOfANormalDistribution) {
  // Max 1960, table I, 8 levels: 0.2451, 0.7560, 1.344, 2.152 standard deviations.
  Histogram histogram;
  for (int i = 0; i < 4000; ++i) {
    const double x = (i + 0.5) / 1000;
    histogram.add(static_cast<float>(x * 50), std::exp(-x * x / 2));
  }
  const auto book = histogram.lloyd(uniform_codebook(3));
  EXPECT_EQ(book.levels.back(), 127.0F);
  EXPECT_NEAR(book.levels[0] / 127, 0.2451 / 2.152, 0.006);
  EXPECT_NEAR(book.levels[1] / 127, 0.7560 / 2.152, 0.006);
  EXPECT_NEAR(book.levels[2] / 127, 1.344 / 2.152, 0.006);
  EXPECT_EQ(Histogram().lloyd(uniform_codebook(3)).levels, uniform_codebook(3).levels);
}

}  // namespace
}  // namespace kiln::bake::test
