// What the scalar, AVX2 and AVX-512 products of a matrix share. Each path adds to `sums` exactly the same integers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kiln/numerics/matrix.hpp"

namespace kiln::numerics {

bool valid_code_bits(int bits);

/// The 16 x 64 codebook values of one group of a panel, vector by vector as they lie in memory: out[64 j + 4 row + i].
void decode_group(int bits, const std::int8_t* codebook, const std::byte* codes, std::int8_t* out);

/// One vector of a product, with what every row needs of it per group.
struct PreparedVector {
  const std::int8_t* codes = nullptr;
  std::vector<std::int32_t> bias;   ///< -128 * sum of the group's codes: takes back the codebook's + 128
  std::vector<std::int32_t> half;   ///< what is added before the shift
  std::vector<std::int32_t> shift;  ///< 0...31; 31 also for all from 32 on: a term below 2^28 gives 0 there as well
};

/// S of the 16 rows of one panel for one vector.
using PanelSums = std::array<std::int64_t, kPanelRows>;

void panel_sums_scalar(const MatrixView& matrix, std::size_t panel, std::span<const PreparedVector> x, PanelSums* sums);
void panel_sums_avx2(const MatrixView& matrix, std::size_t panel, std::span<const PreparedVector> x, PanelSums* sums);
void panel_sums_avx512(const MatrixView& matrix, std::size_t panel, std::span<const PreparedVector> x, PanelSums* sums);

}  // namespace kiln::numerics
