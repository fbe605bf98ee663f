// The "IQ" formats: blocks of 256 weights (IQ4_NL: 32) whose codes stand for entries of a code book, and IQ4's for one
// value of sixteen. Signs are apart from the codes; a set bit means minus.
#include <array>
#include <bit>

#include "checkpoint/blocks.hpp"
#include "checkpoint/codebooks.hpp"

namespace kiln::checkpoint::blocks {
namespace {

constexpr std::array<std::int8_t, 16> kIq4Values = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                    1,    13,   25,  38,  53,  69,  89,  113};

unsigned u16(const std::byte* at) { return load<std::uint16_t>(at); }

/// Seven signs are stored; the eighth makes the number of minuses even.
unsigned eight_signs(unsigned seven) { return seven | static_cast<unsigned>(std::popcount(seven) & 1) << 7; }

template <std::size_t Weights>
void put_signed(const std::array<std::int8_t, Weights>& entry, float scale, unsigned signs, float* out) {
  for (std::size_t i = 0; i < Weights; ++i) {
    const float weight = scale * static_cast<float>(entry[i]);
    out[i] = (signs >> i & 1) != 0 ? -weight : weight;
  }
}

void put_shifted(const std::array<std::int8_t, 8>& entry, float scale, bool down, float* out) {
  const float delta = down ? -0.125F : 0.125F;
  for (std::size_t i = 0; i < 8; ++i) out[i] = scale * (static_cast<float>(entry[i]) + delta);
}

/// Nibble `i` of consecutive bytes, the low one first.
unsigned nibble(const std::byte* at, std::size_t i) { return u8(at, i / 2) >> (i % 2 * 4) & 15U; }

void put_nibbles(const std::byte* codes, float scale, float* out) {
  for (std::size_t i = 0; i < 16; ++i) {
    out[i] = scale * static_cast<float>(kIq4Values[u8(codes, i) & 15U]);
    out[i + 16] = scale * static_cast<float>(kIq4Values[u8(codes, i) >> 4]);
  }
}

}  // namespace

// d; for 32 weights each: four codes, then a word of four times seven signs and four bits of scale.
void iq2_xxs(const std::byte* block, float* out) {
  const auto& book = iq2_xxs_codebook();
  const float d = half_at(block);
  for (std::size_t i = 0; i < 256; i += 32) {
    const std::byte* codes = block + 2 + i / 4;
    const auto word = load<std::uint32_t>(codes + 4);
    const float scale = d * (0.5F + static_cast<float>(word >> 28)) * 0.25F;
    for (std::size_t l = 0; l < 4; ++l)
      put_signed(book[u8(codes, l)], scale, eight_signs(word >> (7 * l) & 127), out + i + 8 * l);
  }
}

// d, 32 words of nine bits of code and seven signs, 16 nibbles of scale.
void iq2_xs(const std::byte* block, float* out) {
  const auto& book = iq2_xs_codebook();
  const float d = half_at(block);
  for (std::size_t i = 0; i < 256; i += 8) {
    const unsigned word = u16(block + 2 + i / 4);
    const float scale = d * (0.5F + static_cast<float>(nibble(block + 66, i / 16))) * 0.25F;
    put_signed(book[word & 511], scale, eight_signs(word >> 9), out + i);
  }
}

// d, 32 codes' low bytes, 32 bytes of signs, eight bytes of the codes' two high bits, 16 nibbles of scale.
void iq2_s(const std::byte* block, float* out) {
  const auto& book = iq2_s_codebook();
  const float d = half_at(block);
  for (std::size_t i = 0; i < 32; ++i) {
    const unsigned high = u8(block, 66 + i / 4) >> (i % 4 * 2) & 3U;
    const float scale = d * (0.5F + static_cast<float>(nibble(block + 74, i / 2))) * 0.25F;
    put_signed(book[u8(block, 2 + i) | high << 8], scale, u8(block, 34 + i), out + 8 * i);
  }
}

// d, 64 codes of four weights; for 32 weights each a word as in IQ2_XXS.
void iq3_xxs(const std::byte* block, float* out) {
  const auto& book = iq3_xxs_codebook();
  const float d = half_at(block);
  for (std::size_t i = 0; i < 64; ++i) {
    const auto word = load<std::uint32_t>(block + 66 + i / 8 * 4);
    const float scale = d * (0.5F + static_cast<float>(word >> 28)) * 0.5F;
    const unsigned signs = eight_signs(word >> (i % 8 / 2 * 7) & 127);
    put_signed(book[u8(block, 2 + i)], scale, signs >> (i % 2 * 4), out + 4 * i);
  }
}

// d, 64 codes' low bytes, eight bytes of their ninth bits, 32 bytes of signs, eight nibbles of scale.
void iq3_s(const std::byte* block, float* out) {
  const auto& book = iq3_s_codebook();
  const float d = half_at(block);
  for (std::size_t i = 0; i < 64; ++i) {
    const unsigned high = u8(block, 66 + i / 8) >> (i % 8) & 1U;
    const float scale = d * static_cast<float>(1 + 2 * nibble(block + 106, i / 8));
    put_signed(book[u8(block, 2 + i) | high << 8], scale, static_cast<unsigned>(u8(block, 74 + i / 2)) >> (i % 2 * 4),
               out + 4 * i);
  }
}

// d, 32 codes' low bytes; for 32 weights each a word of four times three high bits, three bits of scale and the sign of
// the shift.
void iq1_s(const std::byte* block, float* out) {
  const auto& book = iq1_codebook();
  const float d = half_at(block);
  for (std::size_t i = 0; i < 32; ++i) {
    const unsigned word = u16(block + 34 + i / 4 * 2);
    const float scale = d * static_cast<float>(2 * (word >> 12 & 7) + 1);
    const unsigned high = word >> (i % 4 * 3) & 7;
    put_shifted(book[u8(block, 2 + i) | high << 8], scale, (word & 0x8000) != 0, out + 8 * i);
  }
}

// 32 codes' low bytes, 32 nibbles of three high bits and the sign of the shift, four words of four times three bits of
// scale; the words' highest nibbles make d, the first word's its lowest.
void iq1_m(const std::byte* block, float* out) {
  const auto& book = iq1_codebook();
  unsigned half = 0;
  for (std::size_t w = 0; w < 4; ++w) half |= u16(block + 48 + 2 * w) >> 12 << (4 * w);
  const float d = half_to_float(static_cast<std::uint16_t>(half));
  for (std::size_t i = 0; i < 32; ++i) {
    const unsigned three = u16(block + 48 + i / 8 * 2) >> (i % 8 / 2 * 3) & 7;
    const unsigned high = nibble(block + 32, i);
    put_shifted(book[u8(block, i) | (high & 7) << 8], d * static_cast<float>(2 * three + 1), (high & 8) != 0,
                out + 8 * i);
  }
}

// d, nibbles as in Q4_0.
void iq4_nl(const std::byte* block, float* out) { put_nibbles(block + 2, half_at(block), out); }

// d, a word of eight times two high bits of scale, eight nibbles of their low bits, nibbles of 32 weights each.
void iq4_xs(const std::byte* block, float* out) {
  const float d = half_at(block);
  for (std::size_t i = 0; i < 8; ++i) {
    const unsigned high = u16(block + 2) >> (2 * i) & 3;
    const auto scale = static_cast<int>(nibble(block + 4, i) | high << 4) - 32;
    put_nibbles(block + 8 + 16 * i, d * static_cast<float>(scale), out + 32 * i);
  }
}

// 32 bytes of five weights each, 16 of five, four of four, in base three scaled to the whole of a byte; then d. Times a
// power of three, the weight is in the carry of another times three.
void tq1_0(const std::byte* block, float* out) {
  constexpr std::array<std::uint8_t, 5> kPowers = {1, 3, 9, 27, 81};
  const float d = half_at(block + 52);
  const auto put = [&](std::size_t from, std::size_t bytes, std::size_t digits) {
    for (std::size_t p = 0; p < digits; ++p) {
      for (std::size_t l = 0; l < bytes; ++l) {
        const auto turned = static_cast<std::uint8_t>(u8(block, from + l) * kPowers[p]);
        *out++ = d * static_cast<float>((turned * 3 >> 8) - 1);
      }
    }
  };
  put(0, 32, 5);
  put(32, 16, 5);
  put(48, 4, 4);
}

// 64 bytes of four two-bit weights, 128 in 32 bytes; then d.
void tq2_0(const std::byte* block, float* out) {
  const float d = half_at(block + 64);
  for (std::size_t i = 0; i < 256; ++i) {
    const int code = u8(block, i / 128 * 32 + i % 32) >> (i % 128 / 32 * 2) & 3;
    out[i] = d * static_cast<float>(code - 1);
  }
}

}  // namespace kiln::checkpoint::blocks
