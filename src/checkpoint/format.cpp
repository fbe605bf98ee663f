#include "checkpoint/format.hpp"

#include <algorithm>
#include <array>

#include "checkpoint/blocks.hpp"

namespace kiln::checkpoint {
namespace {

using namespace blocks;

void f32(const std::byte* source, std::uint64_t weights, float* out) {
  std::memcpy(out, source, weights * sizeof(float));
}

void f16(const std::byte* source, std::uint64_t weights, float* out) {
  for (std::uint64_t i = 0; i < weights; ++i) out[i] = half_at(source + 2 * i);
}

void bf16(const std::byte* source, std::uint64_t weights, float* out) {
  for (std::uint64_t i = 0; i < weights; ++i) out[i] = bfloat_to_float(load<std::uint16_t>(source + 2 * i));
}

// 32 weights: scale, then one signed byte each.
void q8_0(const std::byte* block, float* out) {
  const float d = half_at(block);
  for (std::size_t i = 0; i < 32; ++i) out[i] = static_cast<float>(i8(block, 2 + i)) * d;
}

// 32 weights in 16 bytes: the low nibbles are the first half, the high nibbles the second.
void q4_0(const std::byte* block, float* out) {
  const float d = half_at(block);
  for (std::size_t i = 0; i < 16; ++i) {
    const int q = u8(block, 2 + i);
    out[i] = static_cast<float>((q & 15) - 8) * d;
    out[i + 16] = static_cast<float>((q >> 4) - 8) * d;
  }
}

void q4_1(const std::byte* block, float* out) {
  const float d = half_at(block);
  const float m = half_at(block + 2);
  for (std::size_t i = 0; i < 16; ++i) {
    const int q = u8(block, 4 + i);
    out[i] = static_cast<float>(q & 15) * d + m;
    out[i + 16] = static_cast<float>(q >> 4) * d + m;
  }
}

// As Q4, with the fifth bits of all 32 weights in one word.
void q5_0(const std::byte* block, float* out) {
  const float d = half_at(block);
  const auto high = load<std::uint32_t>(block + 2);
  for (std::size_t i = 0; i < 16; ++i) {
    const int q = u8(block, 6 + i);
    const int first = (q & 15) | static_cast<int>((high >> i & 1) << 4);
    const int second = (q >> 4) | static_cast<int>((high >> (i + 16) & 1) << 4);
    out[i] = static_cast<float>(first - 16) * d;
    out[i + 16] = static_cast<float>(second - 16) * d;
  }
}

void q5_1(const std::byte* block, float* out) {
  const float d = half_at(block);
  const float m = half_at(block + 2);
  const auto high = load<std::uint32_t>(block + 4);
  for (std::size_t i = 0; i < 16; ++i) {
    const int q = u8(block, 8 + i);
    const int first = (q & 15) | static_cast<int>((high >> i & 1) << 4);
    const int second = (q >> 4) | static_cast<int>((high >> (i + 16) & 1) << 4);
    out[i] = static_cast<float>(first) * d + m;
    out[i + 16] = static_cast<float>(second) * d + m;
  }
}

/// A format of blocks that are decoded one by one.
template <std::uint32_t Weights, std::uint32_t Bytes, void (*DecodeBlock)(const std::byte*, float*)>
constexpr Format blocks_of(std::string_view name) {
  return {name, Weights, Bytes, [](const std::byte* source, std::uint64_t blocks, float* out) {
            for (std::uint64_t b = 0; b < blocks; ++b) DecodeBlock(source + b * Bytes, out + b * Weights);
          }};
}

constexpr std::array kFormats = {
    Format{"F32", 1, 4, f32},
    Format{"F16", 1, 2, f16},
    Format{"BF16", 1, 2, bf16},
    blocks_of<32, 34, q8_0>("Q8_0"),
    blocks_of<32, 18, q4_0>("Q4_0"),
    blocks_of<32, 20, q4_1>("Q4_1"),
    blocks_of<32, 22, q5_0>("Q5_0"),
    blocks_of<32, 24, q5_1>("Q5_1"),
    blocks_of<256, 84, q2_k>("Q2_K"),
    blocks_of<256, 110, q3_k>("Q3_K"),
    blocks_of<256, 144, q4_k>("Q4_K"),
    blocks_of<256, 176, q5_k>("Q5_K"),
    blocks_of<256, 210, q6_k>("Q6_K"),
    blocks_of<256, 50, iq1_s>("IQ1_S"),
    blocks_of<256, 56, iq1_m>("IQ1_M"),
    blocks_of<256, 66, iq2_xxs>("IQ2_XXS"),
    blocks_of<256, 74, iq2_xs>("IQ2_XS"),
    blocks_of<256, 82, iq2_s>("IQ2_S"),
    blocks_of<256, 98, iq3_xxs>("IQ3_XXS"),
    blocks_of<256, 110, iq3_s>("IQ3_S"),
    blocks_of<32, 18, iq4_nl>("IQ4_NL"),
    blocks_of<256, 136, iq4_xs>("IQ4_XS"),
    blocks_of<256, 54, tq1_0>("TQ1_0"),
    blocks_of<256, 66, tq2_0>("TQ2_0"),
};

}  // namespace

const Format* find_format(std::string_view name) {
  const auto* found = std::ranges::find(kFormats, name, &Format::name);
  return found == kFormats.end() ? nullptr : found;
}

std::optional<std::uint64_t> matrix_bytes(const Format& format, std::uint64_t rows, std::uint64_t columns) {
  if (columns % format.block_weights != 0) return std::nullopt;
  const auto row = multiply(columns / format.block_weights, format.block_bytes);
  return row ? multiply(*row, rows) : std::nullopt;
}

}  // namespace kiln::checkpoint
