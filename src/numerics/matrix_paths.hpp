// What the scalar, AVX2 and AVX-512 products of a matrix share. Each path adds to `sums` exactly the same integers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "numerics/matrix.hpp"

namespace kiln::numerics {

bool valid_code_bits(int bits);

/// The 16 x 64 codebook values of one group of a panel, vector by vector as they are in memory: out[64 j + 4 row + i].
void decode_group(int bits, const std::int8_t* codebook, const std::byte* codes, std::int8_t* out);

/// One vector of a product, with what every row needs of it per group.
struct PreparedVector {
  const std::int8_t* codes = nullptr;
  std::vector<std::int32_t> bias;   ///< -128 * sum of the group's codes: takes back the codebook's + 128
  std::vector<std::int32_t> step;   ///< 1, 4...7
  std::vector<std::int32_t> shift;  ///< 0...32; 32 also for all above: a term below 2^31 gives 0
};

/// Rounding shift of a 32-bit term without a carry out of its 32 bits: (t >> shift) + (bit below), as two arithmetic
/// shifts. From 32 on both see only the sign, and the sum is 0.
struct TermShift {
  explicit TermShift(std::int32_t shift)
      : whole(shift < 31 ? shift : 31), below(shift == 0 ? 0 : shift - 1), rounds(shift == 0 ? 0 : 1) {}
  int whole;
  int below;
  std::int32_t rounds;
};

/// S of the 16 rows of one panel for one vector.
using PanelSums = std::array<std::int64_t, kPanelRows>;

void panel_sums_scalar(const MatrixView& matrix, std::size_t panel, std::span<const PreparedVector> x, PanelSums* sums);
void panel_sums_avx2(const MatrixView& matrix, std::size_t panel, std::span<const PreparedVector> x, PanelSums* sums);
void panel_sums_avx512(const MatrixView& matrix, std::size_t panel, std::span<const PreparedVector> x, PanelSums* sums);

}  // namespace kiln::numerics
