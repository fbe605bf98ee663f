// How far the rows of an image's matrix, decoded, are from those of a checkpoint, and how far round to nearest may leave
// them. Shares nothing with the fit that made the codes: it sees weights and what codes decode to.
#pragma once

#include <cstdint>
#include <span>

#include "numerics/matrix.hpp"

namespace kiln::bake {

/// What one row says. All in units of the weights.
struct RowFindings {
  double energy = 0;
  double error = 0;
  double max_error = 0;
  double reach = 0;  // sum over the groups of inputs times the square of the range that the group's scale must cover
};

/// The relative error that round to nearest stays below with `bits` bits, for these very weights.
///
/// A group whose largest magnitude is m has, with the scale that maps m onto the top level, 2^b levels from -m to m
/// (255 at 8 bits, where two codes are zero); evenly spaced, none of its n inputs is further from a level than m / (2^b
/// - 1), so its squared error is at most n * (m / (2^b - 1))^2. The 8-bit scale is a multiple of the row's largest
/// magnitude / 255, so that m may grow by that much. A search over scales and codebooks only lowers the error: an even
/// distribution within the cells gives 1 / sqrt(3) of the bound, which leaves room for methods that trade plain error
/// for the error of the product. Zeros have a relative error of 1, so nothing needs to be worse than that; the weights
/// of another checkpoint have sqrt(2).
double bound_of(int bits, double reach, double energy);

/// Rows of the matrix from `first` on, the first of a panel; `values`: the checkpoint's in the basis in which they are
/// baked, padded to whole groups.
void examine_rows(const numerics::MatrixView& matrix, std::span<const float> values, std::uint64_t first,
                  std::span<RowFindings> out);

}  // namespace kiln::bake
