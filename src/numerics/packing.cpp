// How codes are in memory: docs/numerics.md, "Packing". Panels of 16 rows, groups of 64 inputs, 16 vectors a group;
// vector j holds inputs 4j...4j+3 of the 16 rows as a little-endian bit stream, byte lane 4 * row + input at bit lane *
// bits.
#include <array>

#include "kiln/base/result.hpp"
#include "numerics/matrix.hpp"
#include "numerics/matrix_paths.hpp"

namespace kiln::numerics {

namespace {

constexpr std::size_t kLanes = kPanelRows * 4;  // codes of one vector

}  // namespace

bool valid_code_bits(int bits) { return bits == 2 || bits == 3 || bits == 4 || bits == 6 || bits == 8; }

std::uint64_t packed_code_bytes(std::uint64_t rows, std::uint64_t columns, int bits) {
  base::check(valid_code_bits(bits), "code width must be 2, 3, 4, 6 or 8 bits");
  return scale_count(rows, columns) * kGroup / 8 * static_cast<std::uint64_t>(bits);
}

std::uint64_t scale_count(std::uint64_t rows, std::uint64_t columns) {
  constexpr std::uint64_t kLimit = std::uint64_t{1} << 40;
  base::check(rows <= kLimit && columns <= kMaxColumns, "matrix shape beyond what the arithmetic allows");
  return (rows + kPanelRows - 1) / kPanelRows * kPanelRows * ((columns + kGroup - 1) / kGroup);
}

void pack_panel(int bits, std::uint64_t columns, std::span<const std::uint8_t> codes, std::span<std::byte> out) {
  const std::size_t groups = (columns + kGroup - 1) / kGroup;
  const std::size_t padded = groups * kGroup;
  base::check(codes.size() == kPanelRows * padded, "pack_panel: codes must be 16 x padded columns");
  base::check(out.size() == packed_code_bytes(kPanelRows, columns, bits), "pack_panel: output size");
  const auto width = static_cast<std::size_t>(bits);
  const std::uint64_t limit = std::uint64_t{1} << width;
  std::byte* to = out.data();
  for (std::size_t first = 0; first < padded; first += 4) {
    for (std::size_t chunk = 0; chunk < kLanes / 8; ++chunk) {
      std::uint64_t field = 0;
      for (std::size_t lane = 0; lane < 8; ++lane) {
        const std::size_t row = chunk * 2 + lane / 4;
        const std::uint64_t code = codes[row * padded + first + lane % 4];
        base::check(code < limit, "pack_panel: code does not fit its width");
        field |= code << (lane * width);
      }
      for (std::size_t i = 0; i < width; ++i) *to++ = static_cast<std::byte>(field >> (8 * i));
    }
  }
}

std::uint8_t code_at(const MatrixView& matrix, std::uint32_t row, std::uint32_t column) {
  base::check(row < matrix.rows && column < matrix.columns, "code_at: outside the matrix");
  const auto width = static_cast<std::size_t>(matrix.bits);
  const std::size_t vector =
      (row / kPanelRows * matrix.groups() + column / kGroup) * (kGroup / 4) + column % kGroup / 4;
  const std::size_t bit = (row % kPanelRows * 4 + column % 4) * width;
  const std::size_t byte = vector * kLanes / 8 * width + bit / 8;
  unsigned field = std::to_integer<unsigned>(matrix.codes[byte]);
  if (bit % 8 + width > 8) field |= std::to_integer<unsigned>(matrix.codes[byte + 1]) << 8;
  return static_cast<std::uint8_t>((field >> (bit % 8)) & ((1U << width) - 1));
}

void decode_group(int bits, const std::int8_t* codebook, const std::byte* codes, std::int8_t* out) {
  const auto width = static_cast<std::size_t>(bits);
  const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
  for (std::size_t chunk = 0; chunk < kPanelRows * kGroup / 8; ++chunk) {
    std::uint64_t field = 0;
    for (std::size_t i = 0; i < width; ++i) field |= std::to_integer<std::uint64_t>(codes[i]) << (8 * i);
    codes += width;
    for (std::size_t lane = 0; lane < 8; ++lane) *out++ = codebook[(field >> (lane * width)) & mask];
  }
}

}  // namespace kiln::numerics
