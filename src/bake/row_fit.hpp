// Round to nearest with a search: each 64 inputs of a row get the 8-bit scale, and each input the code, that bring the
// decoded row closest to it (least squares) for a given codebook. The same bits on every host and instruction set.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bake/codebook.hpp"
#include "numerics/matrix.hpp"

namespace kiln::bake {

/// Where the search looks for a group's scale. `ratio`: scale over root mean square as found typical of this tensor; 0
/// if unknown or of no use. `factors` multiply ratio * rms, or, without a ratio, the scale that maps the largest
/// magnitude onto the top level. That covering scale is always tried, and so is zero; the best is then moved to the
/// least-squares scale of its codes. Without factors the covering scale is used unchanged.
struct ScaleSearch {
  float ratio = 0;
  std::vector<float> factors;
};

/// What one row became; errors in units of the weights.
struct RowFit {
  float row_scale = 0;
  double energy = 0;  ///< sum of w^2
  double error = 0;   ///< sum of (w - decoded)^2
  double max_error = 0;
};

/// `row`: whole groups, zeros from `columns` on. `codes`: one byte an input, 0 after `columns`. `scales`: one for each
/// group, every `scale_step` bytes. A row whose scale would be subnormal becomes zeros; groups of zeros are exact.
RowFit fit_row(std::span<const float> row, std::size_t columns, const Codebook& book, const ScaleSearch& search,
               numerics::Simd simd, std::span<std::uint8_t> codes, std::uint8_t* scales, std::size_t scale_step);

}  // namespace kiln::bake
