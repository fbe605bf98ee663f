// Element formats of checkpoint files: plain floats and GGUF's block formats, and how each becomes float.
// A block holds `block_weights` consecutive weights of a row in `block_bytes` bytes, little-endian, no alignment
// assumed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kiln::checkpoint {

enum class Format { F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K };

struct FormatInfo {
  std::string_view name;
  std::uint32_t block_weights;
  std::uint32_t block_bytes;
};
const FormatInfo& info(Format format);

/// Decodes `blocks` consecutive blocks. `source` has blocks * block_bytes bytes, `out` room for blocks * block_weights.
void decode(Format format, const std::byte* source, std::uint64_t blocks, float* out);

/// Bytes of a matrix; nothing if the columns are no whole number of blocks or a product leaves 64 bits.
std::optional<std::uint64_t> matrix_bytes(Format format, std::uint64_t rows, std::uint64_t columns);

/// a * b, or nothing when it leaves 64 bits.
inline std::optional<std::uint64_t> multiply(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

}  // namespace kiln::checkpoint
