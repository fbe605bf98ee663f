// The Walsh-Hadamard transforms that convert a matrix to the basis of its quantised input (docs/numerics.md). H is
// unnormalised, in natural order: H[i][j] = -1 to the number of common one bits of i and j.
#pragma once

#include <cstddef>
#include <span>

#include "numerics/matrix.hpp"

namespace kiln::bake {

/// W * H / block in blocks of inputs: `rows` is whole rows padded with zeros to a multiple of 64; block is a power of
/// two, at most 64, that divides the unpadded width.
void transform_inputs(std::span<float> rows, std::size_t block, numerics::Simd simd);

/// H * W over each `block` rows of `stride` floats; the number of rows is a multiple of the block.
void transform_outputs(std::span<float> rows, std::size_t stride, std::size_t block);

}  // namespace kiln::bake
