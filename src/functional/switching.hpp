// How often the bits of values change on the wires of a tile array: what its energy depends on. Private to the chip.
#pragma once

#include "kiln/program/activity.hpp"
#include "numerics/matrix.hpp"

namespace kiln::functional {

/// Inputs follow each other on the same wires: the codes of x, and what row `row` of the matrix makes of them.
program::Switching activation_switching(const numerics::QuantisedVector& x);
program::Switching product_switching(const numerics::MatrixView& matrix, const numerics::QuantisedVector& x,
                                     std::uint32_t row);

}  // namespace kiln::functional
