// The weights of a ROM matrix as numbers again: row_scale * (scale * codebook[code]), panel by panel, for proofs and
// reports.
#pragma once

#include <cstdint>
#include <span>

#include "numerics/matrix.hpp"

namespace kiln::rom {

/// 16 rows (those after the last are zeros) x groups * 64 columns, row-major; padding columns are zeros. The product
/// of scale and codebook entry is an exact integer; its product with the row scale is rounded once to float.
void decode_panel(const numerics::MatrixView& matrix, std::size_t panel, std::span<float> out);

}  // namespace kiln::rom
