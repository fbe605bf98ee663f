#include "functional/switching.hpp"

#include <gtest/gtest.h>

#include <bit>

#include "numerics/matrix.hpp"

namespace kiln::functional {
namespace {

numerics::QuantisedVector vector_of(const std::vector<std::int8_t>& codes) {
  numerics::QuantisedVector x;
  x.size = codes.size();
  x.codes = codes;
  x.codes.resize((codes.size() + numerics::kGroup - 1) / numerics::kGroup * numerics::kGroup);
  return x;
}

TEST(Switching, ActivationsCountTheBitsThatChangeFromInputToInput) {
  // 0000'0000 -> 1111'1111 -> 0000'0001 -> 0000'0001: 8 + 7 + 0 of 24.
  const auto counted = activation_switching(vector_of({0, -1, 1, 1}));
  EXPECT_EQ(counted.activation_toggles, 15U);
  EXPECT_EQ(counted.activation_bits, 24U);
  EXPECT_EQ(counted.product_bits, 0U);
}

TEST(Switching, ProductsAreThoseThatARowsCodesSelect) {
  // 2-bit codes 0 1 2 3 of row 0 with values 1, -1, 3, 0: products 5, -5, 15, 0.
  const std::vector<std::int8_t> book = {1, -1, 3, 0};
  std::vector<std::uint8_t> codes(numerics::kPanelRows * numerics::kGroup);
  for (std::size_t i = 0; i < 4; ++i) codes[i] = static_cast<std::uint8_t>(i);
  std::vector<std::byte> packed(numerics::packed_code_bytes(1, 4, 2));
  numerics::pack_panel(2, 4, codes, packed);
  numerics::MatrixView matrix;
  matrix.rows = 1;
  matrix.columns = 4;
  matrix.bits = 2;
  matrix.codebook = book;
  matrix.codes = packed;
  // 0x0005 -> 0xfffb: 15 bits differ; -> 0x000f: 0xfff4, 13 bits; -> 0: 4.
  const auto counted = product_switching(matrix, vector_of({5, 5, 5, 5}), 0);
  EXPECT_EQ(counted.product_toggles, 15U + 13U + 4U);
  EXPECT_EQ(counted.product_bits, 48U);
}

TEST(Switching, CountsEveryInputOfLongVectors) {
  // Every input differs from the one before in one more bit than that one did, up to seven, and begins again.
  for (std::size_t size = 1; size <= 140; ++size) {
    std::vector<std::int8_t> codes(size, 0);
    std::uint64_t bits = 0, products = 0;
    for (std::size_t i = 1; i < size; ++i) {
      const auto flipped = static_cast<std::uint8_t>((1U << (i % 8)) - 1);
      codes[i] = static_cast<std::int8_t>(static_cast<std::uint8_t>(codes[i - 1]) ^ flipped);
      bits += i % 8;
      const auto change = static_cast<std::uint16_t>(std::int16_t{codes[i]} ^ std::int16_t{codes[i - 1]});
      products += static_cast<unsigned>(std::popcount(change));
    }
    EXPECT_EQ(activation_switching(vector_of(codes)).activation_toggles, bits) << size;
    const std::vector<std::int8_t> ones(4, 1);
    std::vector<std::byte> packed(numerics::packed_code_bytes(1, size, 2), std::byte{0});
    numerics::MatrixView matrix;
    matrix.rows = 1;
    matrix.columns = static_cast<std::uint32_t>(size);
    matrix.bits = 2;
    matrix.codebook = ones;
    matrix.codes = packed;
    EXPECT_EQ(product_switching(matrix, vector_of(codes), 0).product_toggles, products) << size;
  }
}

TEST(Switching, OneInputChangesNothing) {
  const auto counted = activation_switching(vector_of({7}));
  EXPECT_EQ(counted.activation_bits, 0U);
  EXPECT_EQ(counted.activation_toggles, 0U);
}

}  // namespace
}  // namespace kiln::functional
