// Element formats of checkpoint files: plain floats and GGUF's block formats, and how each becomes float. One list in
// format.cpp has all that is to know of each; readers of files ask it for the name that stands in the file.
// A block holds `block_weights` consecutive weights of a row in `block_bytes` bytes, little-endian, no alignment
// assumed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kiln::checkpoint {

struct Format {
  std::string_view name;  ///< "BF16", "Q4_K"
  std::uint32_t block_weights;
  std::uint32_t block_bytes;
  /// Decodes `blocks` consecutive blocks: `source` has blocks * block_bytes bytes, `out` room for blocks *
  /// block_weights.
  void (*decode)(const std::byte* source, std::uint64_t blocks, float* out);
};

/// Null: Kiln reads no weights of this format. There is one object for each format.
const Format* find_format(std::string_view name);

/// "... is expected": what find_format() knows, in words.
inline constexpr std::string_view kReadable =
    "F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K to Q6_K, IQ1 to IQ4, TQ1_0 or TQ2_0 is expected";

/// Bytes of a matrix; nothing if the columns are no whole number of blocks or a product leaves 64 bits.
std::optional<std::uint64_t> matrix_bytes(const Format& format, std::uint64_t rows, std::uint64_t columns);

/// a * b, or nothing when it leaves 64 bits.
inline std::optional<std::uint64_t> multiply(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

}  // namespace kiln::checkpoint
