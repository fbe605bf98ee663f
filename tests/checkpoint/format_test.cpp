// Each block format against blocks that this file packs itself from known codes and scales.
#include "checkpoint/format.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <cstring>
#include <iostream>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.hpp"
#include "base/random.hpp"
#include "checkpoint/blocks.hpp"
#include "checkpoint/format_vectors.hpp"
#include "kiln/base/result.hpp"
#include "support/seed.hpp"

namespace kiln::checkpoint {
namespace {

std::uint64_t seed_of_run() { return support::test_seed(20); }

const Format& format_of(std::string_view name) {
  const Format* found = find_format(name);
  base::check(found != nullptr, std::string(name) + " is no format");
  return *found;
}

std::vector<float> decoded(std::string_view name, const std::vector<std::uint8_t>& block, std::size_t weights) {
  const Format& format = format_of(name);
  EXPECT_EQ(block.size() % format.block_bytes, 0U);
  std::vector<float> out(weights);
  format.decode(reinterpret_cast<const std::byte*>(block.data()), block.size() / format.block_bytes, out.data());
  return out;
}

void put_half(std::vector<std::uint8_t>& block, std::size_t at, std::uint16_t half) {
  block[at] = static_cast<std::uint8_t>(half);
  block[at + 1] = static_cast<std::uint8_t>(half >> 8);
}
constexpr std::uint16_t kHalf05 = 0x3800;    // 0.5
constexpr std::uint16_t kHalf0125 = 0x3000;  // 0.125
constexpr std::uint16_t kHalfMinus2 = 0xC000;

TEST(Half, EveryFiniteValueIsExact) {
  for (std::uint32_t h = 0; h < 0x10000; ++h) {
    const int exponent = static_cast<int>(h >> 10 & 31);
    const int mantissa = static_cast<int>(h & 1023);
    const float value = blocks::half_to_float(static_cast<std::uint16_t>(h));
    if (exponent == 31) {
      EXPECT_FALSE(std::isfinite(value)) << h;
      EXPECT_EQ(std::isnan(value), mantissa != 0) << h;
      continue;
    }
    const double magnitude = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
    EXPECT_EQ(value, h >> 15 ? -magnitude : magnitude) << h;
    EXPECT_EQ(std::signbit(value), h >> 15 == 1) << h;
  }
}

TEST(Format, Bf16IsTheUpperHalfOfAFloat) {
  EXPECT_THAT(decoded("BF16", {0x80, 0x3F, 0x20, 0xC0, 0x01, 0x00}, 3),
              testing::ElementsAre(1.0F, -2.5F, std::ldexp(1.0F, -133)));
}

TEST(Format, F32AndF16ArePlain) {
  EXPECT_THAT(decoded("F32", {0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0}, 2), testing::ElementsAre(1.0F, -2.5F));
  EXPECT_THAT(decoded("F16", {0x00, 0x3C, 0x00, 0xC1}, 2), testing::ElementsAre(1.0F, -2.5F));
}

/// Blocks of 32: codes of 4, 5 or 8 bits, with an offset that is subtracted or a minimum that is added.
class Blocks32 : public testing::TestWithParam<std::string_view> {};

TEST_P(Blocks32, GiveBackTheirCodes) {
  base::Random random(seed_of_run());
  const std::string_view format = GetParam();
  const bool minimum = format == "Q4_1" || format == "Q5_1";
  const bool fifth = format == "Q5_0" || format == "Q5_1";
  std::vector<std::uint8_t> block(format_of(format).block_bytes, 0);
  put_half(block, 0, kHalf05);
  if (minimum) put_half(block, 2, kHalfMinus2);
  std::vector<float> expected(32);
  for (std::size_t i = 0; i < 32; ++i) {
    if (format == "Q8_0") {
      const int code = static_cast<int>(random.between(0, 255)) - 128;
      block[2 + i] = static_cast<std::uint8_t>(code);
      expected[i] = 0.5F * static_cast<float>(code);
      continue;
    }
    const int code = static_cast<int>(random.below(fifth ? 32 : 16));
    const std::size_t high = minimum ? 4 : 2;
    const std::size_t nibbles = high + (fifth ? 4 : 0);
    block[nibbles + i % 16] = static_cast<std::uint8_t>(block[nibbles + i % 16] | (code & 15) << (i < 16 ? 0 : 4));
    if (fifth) block[high + i / 8] = static_cast<std::uint8_t>(block[high + i / 8] | (code >> 4) << (i % 8));
    expected[i] = minimum ? 0.5F * static_cast<float>(code) - 2.0F : 0.5F * static_cast<float>(code - (fifth ? 16 : 8));
  }
  EXPECT_EQ(decoded(format, block, 32), expected);
}
INSTANTIATE_TEST_SUITE_P(All, Blocks32, testing::Values("Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"),
                         [](const auto& p) { return std::string(p.param); });

std::array<int, 256> random_codes(base::Random& random, int levels) {
  std::array<int, 256> codes{};
  for (int& c : codes) c = static_cast<int>(random.below(static_cast<std::uint64_t>(levels)));
  return codes;
}

void set_bits(std::vector<std::uint8_t>& block, std::size_t byte, std::size_t shift, int bits) {
  block[byte] = static_cast<std::uint8_t>(block[byte] | bits << shift);
}

TEST(Format, Q2KHasFourBitScalesAndMinima) {
  base::Random random(seed_of_run());
  const auto codes = random_codes(random, 4);
  std::vector<std::uint8_t> block(84, 0);
  put_half(block, 80, kHalf05);
  put_half(block, 82, kHalf0125);
  std::vector<float> expected(256);
  std::array<int, 16> scale{};
  std::array<int, 16> minimum{};
  for (std::size_t s = 0; s < 16; ++s) {
    scale[s] = static_cast<int>(random.below(16));
    minimum[s] = static_cast<int>(random.below(16));
    block[s] = static_cast<std::uint8_t>(scale[s] | minimum[s] << 4);
  }
  for (std::size_t i = 0; i < 256; ++i) {
    const std::size_t half = i / 128;
    set_bits(block, 16 + half * 32 + i % 32, 2 * (i / 32 % 4), codes[i]);
    expected[i] = static_cast<float>(0.5 * scale[i / 16] * codes[i] - 0.125 * minimum[i / 16]);
  }
  EXPECT_EQ(decoded("Q2_K", block, 256), expected);
}

TEST(Format, Q3KHasSignedSixBitScalesAndASeparateThirdBit) {
  base::Random random(seed_of_run());
  const auto codes = random_codes(random, 8);
  std::vector<std::uint8_t> block(110, 0);
  put_half(block, 108, kHalf05);
  std::array<int, 16> scale{};
  for (std::size_t s = 0; s < 16; ++s) {
    scale[s] = static_cast<int>(random.below(64));
    set_bits(block, 96 + s % 8, s < 8 ? 0 : 4, scale[s] & 15);
    set_bits(block, 104 + s % 4, 2 * (s / 4), scale[s] >> 4);
  }
  std::vector<float> expected(256);
  for (std::size_t i = 0; i < 256; ++i) {
    set_bits(block, 32 + i / 128 * 32 + i % 32, 2 * (i / 32 % 4), codes[i] & 3);
    set_bits(block, i % 32, i / 32, codes[i] >> 2);
    expected[i] = static_cast<float>(0.5 * (scale[i / 16] - 32) * (codes[i] - 4));
  }
  EXPECT_EQ(decoded("Q3_K", block, 256), expected);
}

/// The 12 bytes that Q4_K and Q5_K share.
void put_scales(std::vector<std::uint8_t>& block, const std::array<int, 8>& scale, const std::array<int, 8>& minimum) {
  for (std::size_t s = 0; s < 4; ++s) {
    block[4 + s] = static_cast<std::uint8_t>(scale[s] | scale[s + 4] >> 4 << 6);
    block[8 + s] = static_cast<std::uint8_t>(minimum[s] | minimum[s + 4] >> 4 << 6);
    block[12 + s] = static_cast<std::uint8_t>((scale[s + 4] & 15) | (minimum[s + 4] & 15) << 4);
  }
}

void expect_four_or_five_bits(std::string_view name, bool fifth) {
  base::Random random(seed_of_run());
  const auto codes = random_codes(random, fifth ? 32 : 16);
  std::vector<std::uint8_t> block(format_of(name).block_bytes, 0);
  put_half(block, 0, kHalf05);
  put_half(block, 2, kHalf0125);
  std::array<int, 8> scale{};
  std::array<int, 8> minimum{};
  for (std::size_t s = 0; s < 8; ++s) {
    scale[s] = static_cast<int>(random.below(64));
    minimum[s] = static_cast<int>(random.below(64));
  }
  put_scales(block, scale, minimum);
  std::vector<float> expected(256);
  for (std::size_t i = 0; i < 256; ++i) {
    set_bits(block, (fifth ? 48 : 16) + i / 64 * 32 + i % 32, i % 64 < 32 ? 0 : 4, codes[i] & 15);
    if (fifth) set_bits(block, 16 + i % 32, i / 32, codes[i] >> 4);
    expected[i] = static_cast<float>(0.5 * scale[i / 32] * codes[i] - 0.125 * minimum[i / 32]);
  }
  EXPECT_EQ(decoded(name, block, 256), expected);
}

TEST(Format, Q4KHasSixBitScalesAndMinima) { expect_four_or_five_bits("Q4_K", false); }
TEST(Format, Q5KAddsAFifthBit) { expect_four_or_five_bits("Q5_K", true); }

TEST(Format, Q6KHasSignedByteScales) {
  base::Random random(seed_of_run());
  const auto codes = random_codes(random, 64);
  std::vector<std::uint8_t> block(210, 0);
  put_half(block, 208, kHalf05);
  std::array<int, 16> scale{};
  for (std::size_t s = 0; s < 16; ++s) {
    scale[s] = static_cast<int>(random.between(0, 255)) - 128;
    block[192 + s] = static_cast<std::uint8_t>(scale[s]);
  }
  std::vector<float> expected(256);
  for (std::size_t i = 0; i < 256; ++i) {
    const std::size_t row = i % 128 / 32;
    set_bits(block, i / 128 * 64 + row % 2 * 32 + i % 32, row < 2 ? 0 : 4, codes[i] & 15);
    set_bits(block, 128 + i / 128 * 32 + i % 32, 2 * row, codes[i] >> 4);
    expected[i] = static_cast<float>(0.5 * scale[i / 16] * (codes[i] - 32));
  }
  EXPECT_EQ(decoded("Q6_K", block, 256), expected);
}

TEST(Format, GivesWhatAnIndependentDecoderGave) {
  for (const auto& vector : test::format_vectors()) {
    const auto floats =
        test::decoded_blocks(vector, test::random_blocks(vector, test::kGoldenBlocks, test::kGoldenSeed));
    EXPECT_EQ(base::hex_of(base::digest128(std::as_bytes(std::span(floats)))), vector.digest) << vector.name;
  }
}

TEST(Format, IsKnownByItsNameAlone) {
  for (const char* name : {"", "F64", "q4_k", "Q8_1", "Q8_K", "IQ4_XX", "MXFP4"})
    EXPECT_EQ(find_format(name), nullptr) << name;
  EXPECT_EQ(format_of("Q4_K").name, "Q4_K");
}

TEST(Format, BytesOfAMatrixDoNotOverflow) {
  EXPECT_EQ(matrix_bytes(format_of("Q4_K"), 2, 512), 2U * 2U * 144U);
  EXPECT_EQ(matrix_bytes(format_of("Q4_K"), 2, 500), std::nullopt);
  EXPECT_EQ(matrix_bytes(format_of("F32"), std::uint64_t{1} << 32, std::uint64_t{1} << 32), std::nullopt);
  EXPECT_EQ(matrix_bytes(format_of("F32"), 1, std::uint64_t{1} << 63), std::nullopt);
}

}  // namespace
}  // namespace kiln::checkpoint
