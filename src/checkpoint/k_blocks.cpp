// The "K" formats: super-blocks of 256 weights whose sub-block scales (and minima) are themselves quantised.
#include <array>

#include "checkpoint/blocks.hpp"

namespace kiln::checkpoint::blocks {
namespace {

struct ScaleAndMin {
  float scale;
  float minimum;
};

// Q4_K and Q5_K: eight 6-bit scales and eight 6-bit minima in 12 bytes. Sub-blocks 0-3 have the low six bits of bytes
// 0-3 and 4-7; sub-blocks 4-7 have a nibble of bytes 8-11 and the two high bits of bytes 0-7.
ScaleAndMin scale_and_min(const std::byte* packed, std::size_t sub) {
  if (sub < 4) return {static_cast<float>(u8(packed, sub) & 63), static_cast<float>(u8(packed, sub + 4) & 63)};
  const int nibbles = u8(packed, sub + 4);
  const int scale = (nibbles & 15) | (u8(packed, sub - 4) >> 6 << 4);
  const int minimum = (nibbles >> 4) | (u8(packed, sub) >> 6 << 4);
  return {static_cast<float>(scale), static_cast<float>(minimum)};
}

}  // namespace

// 16 bytes of (scale, minimum) nibbles, 64 bytes of 2-bit codes, d, dmin.
void q2_k(const std::byte* block, float* out) {
  const std::byte* codes = block + 16;
  const float d = half_at(block + 80);
  const float dmin = half_at(block + 82);
  for (std::size_t i = 0; i < 256; i += 16) {  // 16 weights share a scale
    const int packed = u8(block, i / 16);
    const float scale = d * static_cast<float>(packed & 15);
    const float minimum = dmin * static_cast<float>(packed >> 4);
    // 128 weights are in 32 bytes: four rows of 32, two bits each.
    const std::byte* bytes = codes + i / 128 * 32 + i % 32;
    const auto shift = i % 128 / 32 * 2;
    for (std::size_t l = 0; l < 16; ++l) out[i + l] = scale * static_cast<float>(u8(bytes, l) >> shift & 3) - minimum;
  }
}

// 32 bytes of third bits (set: nothing to subtract), 64 bytes of 2-bit codes, 12 bytes of 6-bit scales, d.
void q3_k(const std::byte* block, float* out) {
  const std::byte* codes = block + 32;
  const std::byte* packed = block + 96;
  const float d = half_at(block + 108);
  for (std::size_t i = 0; i < 256; i += 16) {
    const std::size_t sub = i / 16;
    const int low = sub < 8 ? u8(packed, sub) & 15 : u8(packed, sub - 8) >> 4;
    const int high = u8(packed, 8 + sub % 4) >> (sub / 4 * 2) & 3;
    const float scale = d * static_cast<float>((low | high << 4) - 32);
    const std::byte* bytes = codes + i / 128 * 32 + i % 32;
    const std::byte* masks = block + i % 32;
    const auto shift = i % 128 / 32 * 2;
    const auto bit = i / 32;
    for (std::size_t l = 0; l < 16; ++l) {
      const int code = u8(bytes, l) >> shift & 3;
      const int offset = (u8(masks, l) >> bit & 1) != 0 ? 0 : 4;
      out[i + l] = scale * static_cast<float>(code - offset);
    }
  }
}

// d, dmin, 12 bytes of scales and minima, 128 bytes of nibbles: 64 weights are in 32 bytes, low nibbles first.
void q4_k(const std::byte* block, float* out) {
  const float d = half_at(block);
  const float dmin = half_at(block + 2);
  for (std::size_t i = 0; i < 256; i += 32) {
    const ScaleAndMin s = scale_and_min(block + 4, i / 32);
    const float scale = d * s.scale;
    const float minimum = dmin * s.minimum;
    const std::byte* bytes = block + 16 + i / 64 * 32;
    const auto shift = i % 64 / 32 * 4;
    for (std::size_t l = 0; l < 32; ++l) out[i + l] = scale * static_cast<float>(u8(bytes, l) >> shift & 15) - minimum;
  }
}

// As Q4_K, with 32 bytes of fifth bits before the nibbles: bit s of byte l belongs to sub-block s.
void q5_k(const std::byte* block, float* out) {
  const float d = half_at(block);
  const float dmin = half_at(block + 2);
  for (std::size_t i = 0; i < 256; i += 32) {
    const ScaleAndMin s = scale_and_min(block + 4, i / 32);
    const float scale = d * s.scale;
    const float minimum = dmin * s.minimum;
    const std::byte* fifth = block + 16;
    const std::byte* bytes = block + 48 + i / 64 * 32;
    const auto shift = i % 64 / 32 * 4;
    for (std::size_t l = 0; l < 32; ++l) {
      const int code = (u8(bytes, l) >> shift & 15) | (u8(fifth, l) >> (i / 32) & 1) << 4;
      out[i + l] = scale * static_cast<float>(code) - minimum;
    }
  }
}

// 128 bytes of low nibbles, 64 bytes of high bit pairs, 16 signed scales, d. 128 weights: four rows of 32.
void q6_k(const std::byte* block, float* out) {
  const float d = half_at(block + 208);
  for (std::size_t i = 0; i < 256; i += 16) {
    const float scale = d * static_cast<float>(i8(block, 192 + i / 16));
    const std::size_t row = i % 128 / 32;
    const std::byte* low = block + i / 128 * 64 + row % 2 * 32 + i % 32;
    const std::byte* high = block + 128 + i / 128 * 32 + i % 32;
    for (std::size_t l = 0; l < 16; ++l) {
      const int code = (u8(low, l) >> (row / 2 * 4) & 15) | (u8(high, l) >> (row * 2) & 3) << 4;
      out[i + l] = scale * static_cast<float>(code - 32);
    }
  }
}

}  // namespace kiln::checkpoint::blocks
