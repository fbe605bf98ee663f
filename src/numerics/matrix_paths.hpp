// What the scalar, AVX2 and AVX-512 products of a matrix share. Each path gives exactly the same integers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "numerics/matrix.hpp"

namespace kiln::numerics {

bool valid_code_bits(int bits);

/// Where the code of a lane of vector j lies (docs/numerics.md, "Packing"): a group's 16 vectors of 64 byte lanes are in
/// blocks of kVectors<bits>, each kLines<bits> lines of 64 bytes, so that lane L of every vector is in byte L of its
/// lines, and 32 or 64 codes are cut out by a shift of whole lines.
constexpr std::size_t vectors_of_block(int bits) {
  return bits == 2 ? 4 : bits == 3 ? 8 : bits == 4 ? 2 : bits == 6 ? 4 : 1;
}
constexpr std::size_t lines_of_block(int bits) { return vectors_of_block(bits) * static_cast<std::size_t>(bits) / 8; }
inline constexpr std::size_t kLanes = kPanelRows * 4;  ///< codes of a vector, bytes of a line

/// Bit `bit` of the code of vector `vector` of a block is bit `shift` of byte L of line `line`.
struct BitPlace {
  std::size_t line;
  int shift;
};
constexpr BitPlace bit_place(int bits, std::size_t vector, int bit) {
  const auto v = static_cast<int>(vector);
  switch (bits) {
    case 2:
      return {0, 2 * v + bit};
    case 3:  // two codes a byte; the last two of a block in the bits that are left, 3 and 7 of each line
      if (v < 6) return {vector / 2, v % 2 * 4 + bit};
      return {static_cast<std::size_t>(bit), v == 6 ? 3 : 7};
    case 4:
      return {0, 4 * v + bit};
    case 6:  // a code a byte; the last of a block in bits 6 and 7 of each line
      if (v < 3) return {vector, bit};
      return {static_cast<std::size_t>(bit / 2), 6 + bit % 2};
    default:
      return {0, bit};
  }
}

/// A codebook as the vector paths look it up, made once for a matrix.
struct Codebook {
  enum class Kind {
    Table,     ///< any values
    Biased,    ///< 8 bits, value = max(code, 1) - 128
    Signed,    ///< 8 bits, value = the code as two's complement, -127 for 128
    Mirrored,  ///< 8 bits, value = code - 127 below 128 and code - 128 from there on: 0 twice
  };
  explicit Codebook(const MatrixView& matrix);
  alignas(64) std::int8_t entries[256];  ///< repeated as often as it fits
  Kind kind = Kind::Table;
};

inline constexpr std::size_t kMostVectors = 64;  ///< whose sums over a panel are held at the same time

/// The 16 rows of one panel: their scales, or y of one vector. Rows that the matrix does not have are 0.
using PanelRows = std::array<float, kPanelRows>;

/// y of one panel for vectors [first, first + count) of the batch.
using PanelPath = void (*)(const MatrixView& matrix, const Codebook& book, std::size_t panel,
                           const PanelRows* row_scales, const PreparedBatch& batch, std::size_t first,
                           std::size_t count, PanelRows* y);
void panel_scalar(const MatrixView& matrix, const Codebook& book, std::size_t panel, const PanelRows* row_scales,
                  const PreparedBatch& batch, std::size_t first, std::size_t count, PanelRows* y);
void panel_avx2(const MatrixView& matrix, const Codebook& book, std::size_t panel, const PanelRows* row_scales,
                const PreparedBatch& batch, std::size_t first, std::size_t count, PanelRows* y);
void panel_avx512(const MatrixView& matrix, const Codebook& book, std::size_t panel, const PanelRows* row_scales,
                  const PreparedBatch& batch, std::size_t first, std::size_t count, PanelRows* y);
/// The same of two panels, `panel` and the next; y of the second is at kMostVectors. For several vectors.
void two_panels_avx512(const MatrixView& matrix, const Codebook& book, std::size_t panel, const PanelRows* row_scales,
                       const PreparedBatch& batch, std::size_t first, std::size_t count, PanelRows* y);

}  // namespace kiln::numerics
