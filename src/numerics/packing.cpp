// How codes are in memory: docs/numerics.md, "Packing". Panels of 16 rows, groups of 64 inputs, 16 vectors a group;
// vector j holds inputs 4j...4j+3 of the 16 rows, byte lane 4 * row + input.
#include <algorithm>
#include <array>
#include <cstring>

#include "kiln/base/result.hpp"
#include "numerics/matrix.hpp"
#include "numerics/matrix_paths.hpp"

namespace kiln::numerics {

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
  const std::size_t vectors = vectors_of_block(bits);
  const std::size_t block_bytes = lines_of_block(bits) * kLanes;
  std::fill(out.begin(), out.end(), std::byte{0});
  std::byte* block = out.data();
  for (std::size_t first = 0; first < padded; first += 4 * vectors, block += block_bytes) {
    for (std::size_t vector = 0; vector < vectors; ++vector) {
      std::array<std::uint8_t, kLanes> lanes;
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        lanes[lane] = codes[lane / 4 * padded + first + 4 * vector + lane % 4];
        base::check(lanes[lane] >> bits == 0, "pack_panel: code does not fit its width");
      }
      for (int bit = 0; bit < bits; ++bit) {
        const BitPlace place = bit_place(bits, vector, bit);
        std::byte* line = block + place.line * kLanes;
        for (std::size_t lane = 0; lane < kLanes; ++lane)
          line[lane] |= static_cast<std::byte>((lanes[lane] >> bit & 1) << place.shift);
      }
    }
  }
}

std::uint8_t code_at(const MatrixView& matrix, std::uint32_t row, std::uint32_t column) {
  base::check(row < matrix.rows && column < matrix.columns, "code_at: outside the matrix");
  const std::size_t group = row / kPanelRows * matrix.groups() + column / kGroup;
  const std::size_t vector = column % kGroup / 4;
  const std::size_t block = (group * kGroup / 4 + vector) / vectors_of_block(matrix.bits);
  const std::byte* lines =
      matrix.codes.data() + block * lines_of_block(matrix.bits) * kLanes + row % kPanelRows * 4 + column % 4;
  unsigned code = 0;
  for (int bit = 0; bit < matrix.bits; ++bit) {
    const BitPlace place = bit_place(matrix.bits, vector % vectors_of_block(matrix.bits), bit);
    code |= (std::to_integer<unsigned>(lines[place.line * kLanes]) >> place.shift & 1U) << bit;
  }
  return static_cast<std::uint8_t>(code);
}

void codes_of_group(const MatrixView& matrix, std::uint32_t row, std::size_t group,
                    std::span<std::uint8_t, kGroup> out) {
  base::check(row < matrix.rows && group < matrix.groups(), "codes_of_group: outside the matrix");
  const std::size_t vectors = vectors_of_block(matrix.bits);
  const std::size_t block_bytes = lines_of_block(matrix.bits) * kLanes;
  const std::size_t at = row / kPanelRows * matrix.groups() + group;
  const std::byte* block = matrix.codes.data() + at * kGroup / 4 / vectors * block_bytes + row % kPanelRows * 4;
  for (std::size_t j = 0; j < kGroup / 4; j += vectors, block += block_bytes) {
    for (std::size_t vector = 0; vector < vectors; ++vector) {
      std::uint32_t four = 0;
      for (int bit = 0; bit < matrix.bits; ++bit) {
        const BitPlace place = bit_place(matrix.bits, vector, bit);
        std::uint32_t line = 0;
        std::memcpy(&line, block + place.line * kLanes, sizeof line);
        four |= (line >> place.shift & 0x01010101U) << bit;
      }
      std::memcpy(out.data() + 4 * (j + vector), &four, sizeof four);
    }
  }
}

void decode_group(int bits, const std::int8_t* codebook, const std::byte* codes, std::int8_t* out) {
  const std::size_t vectors = vectors_of_block(bits);
  for (std::size_t j = 0; j < kGroup / 4; j += vectors, codes += lines_of_block(bits) * kLanes) {
    for (std::size_t vector = 0; vector < vectors; ++vector) {
      std::array<std::uint8_t, kLanes> lanes{};
      for (int bit = 0; bit < bits; ++bit) {
        const BitPlace place = bit_place(bits, vector, bit);
        for (std::size_t lane = 0; lane < kLanes; ++lane)
          lanes[lane] |= static_cast<std::uint8_t>(
              (std::to_integer<unsigned>(codes[place.line * kLanes + lane]) >> place.shift & 1U) << bit);
      }
      for (const std::uint8_t code : lanes) *out++ = codebook[code];
    }
  }
}

}  // namespace kiln::numerics
