#include "checkpoint/format.hpp"

#include <array>

#include "checkpoint/blocks.hpp"
#include "kiln/base/enum_table.hpp"

namespace kiln::checkpoint {
namespace {

using namespace blocks;

constexpr auto kFormats = base::enum_table<FormatInfo, Format>({
    {Format::F32, {"F32", 1, 4}},
    {Format::F16, {"F16", 1, 2}},
    {Format::BF16, {"BF16", 1, 2}},
    {Format::Q8_0, {"Q8_0", 32, 34}},
    {Format::Q4_0, {"Q4_0", 32, 18}},
    {Format::Q4_1, {"Q4_1", 32, 20}},
    {Format::Q5_0, {"Q5_0", 32, 22}},
    {Format::Q5_1, {"Q5_1", 32, 24}},
    {Format::Q2_K, {"Q2_K", 256, 84}},
    {Format::Q3_K, {"Q3_K", 256, 110}},
    {Format::Q4_K, {"Q4_K", 256, 144}},
    {Format::Q5_K, {"Q5_K", 256, 176}},
    {Format::Q6_K, {"Q6_K", 256, 210}},
});

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

template <class Decode>
void each_block(const FormatInfo& format, const std::byte* source, std::uint64_t blocks, float* out,
                Decode decode_block) {
  for (std::uint64_t b = 0; b < blocks; ++b)
    decode_block(source + b * format.block_bytes, out + b * format.block_weights);
}

}  // namespace

const FormatInfo& info(Format format) { return kFormats[format]; }

void decode(Format format, const std::byte* source, std::uint64_t blocks, float* out) {
  const FormatInfo& f = info(format);
  switch (format) {
    case Format::F32:
      std::memcpy(out, source, blocks * sizeof(float));
      return;
    case Format::F16:
      for (std::uint64_t i = 0; i < blocks; ++i) out[i] = half_at(source + 2 * i);
      return;
    case Format::BF16:
      for (std::uint64_t i = 0; i < blocks; ++i) out[i] = bfloat_to_float(load<std::uint16_t>(source + 2 * i));
      return;
    case Format::Q8_0:
      return each_block(f, source, blocks, out, q8_0);
    case Format::Q4_0:
      return each_block(f, source, blocks, out, q4_0);
    case Format::Q4_1:
      return each_block(f, source, blocks, out, q4_1);
    case Format::Q5_0:
      return each_block(f, source, blocks, out, q5_0);
    case Format::Q5_1:
      return each_block(f, source, blocks, out, q5_1);
    case Format::Q2_K:
      return each_block(f, source, blocks, out, q2_k);
    case Format::Q3_K:
      return each_block(f, source, blocks, out, q3_k);
    case Format::Q4_K:
      return each_block(f, source, blocks, out, q4_k);
    case Format::Q5_K:
      return each_block(f, source, blocks, out, q5_k);
    case Format::Q6_K:
      return each_block(f, source, blocks, out, q6_k);
  }
}

std::optional<std::uint64_t> matrix_bytes(Format format, std::uint64_t rows, std::uint64_t columns) {
  const FormatInfo& f = info(format);
  if (columns % f.block_weights != 0) return std::nullopt;
  const auto row = multiply(columns / f.block_weights, f.block_bytes);
  return row ? multiply(*row, rows) : std::nullopt;
}

}  // namespace kiln::checkpoint
