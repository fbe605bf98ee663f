// How often the bits of values change on the wires of a tile array: what its energy depends on. Private to the chip.
#pragma once

#include "kiln/numerics/matrix.hpp"
#include "kiln/program/activity.hpp"

namespace kiln::chip {

/// Inputs follow each other on the same wires: the codes of x, and what row `row` of the matrix makes of them.
program::Switching activation_switching(const numerics::QuantisedVector& x);
program::Switching product_switching(const numerics::MatrixView& matrix, const numerics::QuantisedVector& x,
                                     std::uint32_t row);

}  // namespace kiln::chip
