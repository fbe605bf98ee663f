// Decoders of single formats, one function each; format.cpp picks. Every product and sum is formed in float.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace kiln::checkpoint::blocks {

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

/// IEEE half to float without a branch: the exponent is rebased by a multiplication, which also normalises subnormals.
inline float half_to_float(std::uint16_t h) {
  const std::uint32_t magnitude = static_cast<std::uint32_t>(h & 0x7FFFU) << 13;
  const float rebased = std::bit_cast<float>(magnitude) * 0x1p112F;
  const std::uint32_t special = (h & 0x7C00U) == 0x7C00U ? 0x7F800000U : 0U;
  const std::uint32_t sign = static_cast<std::uint32_t>(h & 0x8000U) << 16;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(rebased) | special | sign);
}

inline float bfloat_to_float(std::uint16_t b) { return std::bit_cast<float>(static_cast<std::uint32_t>(b) << 16); }

inline float half_at(const std::byte* at) { return half_to_float(load<std::uint16_t>(at)); }
inline std::uint8_t u8(const std::byte* at, std::size_t i) { return std::to_integer<std::uint8_t>(at[i]); }
inline std::int8_t i8(const std::byte* at, std::size_t i) { return static_cast<std::int8_t>(u8(at, i)); }

void q2_k(const std::byte* block, float* out);
void q3_k(const std::byte* block, float* out);
void q4_k(const std::byte* block, float* out);
void q5_k(const std::byte* block, float* out);
void q6_k(const std::byte* block, float* out);
void iq1_s(const std::byte* block, float* out);
void iq1_m(const std::byte* block, float* out);
void iq2_xxs(const std::byte* block, float* out);
void iq2_xs(const std::byte* block, float* out);
void iq2_s(const std::byte* block, float* out);
void iq3_xxs(const std::byte* block, float* out);
void iq3_s(const std::byte* block, float* out);
void iq4_nl(const std::byte* block, float* out);
void iq4_xs(const std::byte* block, float* out);
void tq1_0(const std::byte* block, float* out);
void tq2_0(const std::byte* block, float* out);

}  // namespace kiln::checkpoint::blocks
