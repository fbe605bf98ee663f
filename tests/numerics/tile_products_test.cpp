// The three microarchitectures form the same integers, for all code widths, odd tiles and any codebook.
#include "numerics/tile_products.hpp"

#include "kiln/base/result.hpp"
#include "numerics/numerics_testing.hpp"

namespace kiln::numerics {
namespace {

using namespace testing;

/// P from the codes as they were before packing.
std::int32_t naive(const OwnedMatrix& m, std::uint32_t row, std::size_t first, std::size_t last,
                   const QuantisedVector& x) {
  std::int32_t p = 0;
  for (std::size_t i = first; i < last; ++i) p += m.codebook[m.plain[row * m.padded() + i]] * x.codes[i];
  return p;
}

void expect_all_equal(const OwnedMatrix& m, std::size_t tile, const QuantisedVector& x) {
  const MatrixView view = m.view();
  for (std::size_t begin = 0; begin < m.columns; begin += tile) {
    for (std::size_t first = begin; first < std::min<std::size_t>(m.columns, begin + tile);) {
      const std::size_t last = std::min({(first / kGroup + 1) * kGroup, begin + tile, std::size_t{m.columns}});
      const ProductSelect select(view, first, last, x);
      const BitSerial serial(view, first, last, x);
      const RomMac mac(view, first, last, x);
      for (std::uint32_t row = 0; row < m.rows; ++row) {
        const std::int32_t expected = naive(m, row, first, last, x);
        ASSERT_EQ(select.row(row), expected) << m.bits << " bits, tile of " << tile << ", inputs from " << first;
        ASSERT_EQ(serial.row(row), expected) << m.bits << " bits, tile of " << tile << ", inputs from " << first;
        ASSERT_EQ(mac.row(row), expected) << m.bits << " bits, tile of " << tile << ", inputs from " << first;
      }
      first = last;
    }
  }
}

TEST(TileProducts, AreTheSameBitsForEveryWidthAndTile) {
  base::Random random(testing::seed());
  for (const int bits : kWidths) {
    for (const std::size_t tile : {1U, 7U, 31U, 33U, 63U, 64U, 65U, 100U, 1000U}) {
      const auto rows = static_cast<std::uint32_t>(random.between(1, 20));
      const auto columns = static_cast<std::uint32_t>(random.between(1, 200));
      expect_all_equal(random_matrix(random, rows, columns, bits), tile, random_quantised(random, columns));
    }
  }
}

TEST(TileProducts, AreTheSameBitsAtTheEndsOfTheirRanges) {
  base::Random random(testing::seed());
  for (const int bits : kWidths) {
    const OwnedMatrix m = random_matrix(random, 17, 130, bits, true);
    QuantisedVector x = random_quantised(random, 130, true);
    expect_all_equal(m, 65, x);
    for (const int all : {127, -127, -128, 0, -1, 1}) {  // -128 never leaves quantise, but is an INT8
      std::fill(x.codes.begin(), x.codes.end(), static_cast<std::int8_t>(all));
      expect_all_equal(m, 65, x);
    }
  }
}

// Codes 0 1 1 3 under the codebook -3 5 0 7, activations 3 -2 127 -127: -9 + 5 * 125 - 889 = -273.
TEST(TileProducts, OfFourInputsAreAsByHand) {
  OwnedMatrix m;
  m.rows = 1;
  m.columns = 4;
  m.bits = 2;
  m.codebook = {-3, 5, 0, 7};
  std::vector<std::uint8_t> codes(kPanelRows * kGroup, 0);
  codes[1] = codes[2] = 1;
  codes[3] = 3;
  m.codes.resize(packed_code_bytes(1, 4, 2));
  pack_panel(2, 4, codes, m.codes);
  QuantisedVector x;
  x.size = 4;
  x.codes.assign(kGroup, 0);
  x.codes[0] = 3, x.codes[1] = -2, x.codes[2] = 127, x.codes[3] = -127;
  EXPECT_EQ(ProductSelect(m.view(), 0, 4, x).row(0), -273);
  EXPECT_EQ(BitSerial(m.view(), 0, 4, x).row(0), -273);
  EXPECT_EQ(RomMac(m.view(), 0, 4, x).row(0), -273);
  EXPECT_EQ(BitSerial(m.view(), 1, 3, x).row(0), 625);
  EXPECT_EQ(ProductSelect(m.view(), 3, 4, x).row(0), -889);
}

TEST(TileProducts, OfInputsBeyondAGroupOrAVectorAreRefused) {
  base::Random random(testing::seed());
  const OwnedMatrix m = random_matrix(random, 3, 100, 3);
  const QuantisedVector x = random_quantised(random, 100);
  EXPECT_THROW(ProductSelect(m.view(), 60, 70, x), base::BugError);
  EXPECT_THROW(BitSerial(m.view(), 60, 70, x), base::BugError);
  EXPECT_THROW((void)RomMac(m.view(), 60, 70, x).row(0), base::BugError);
  EXPECT_THROW(ProductSelect(m.view(), 64, 101, x), base::BugError);
  EXPECT_THROW(BitSerial(m.view(), 0, 10, random_quantised(random, 99)), base::BugError);
}

}  // namespace
}  // namespace kiln::numerics
