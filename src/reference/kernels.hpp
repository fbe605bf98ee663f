// Dot products of weight rows with a block of tokens in float, eight running sums each.
#pragma once

#include <cstddef>

namespace kiln::reference {

/// out[t * out_stride + r] = sum over i of weights[r * columns + i] * inputs[t * columns + i],
/// for r in [0, rows) and t in [0, tokens).
using MatrixKernel = void (*)(const float* weights, std::size_t rows, std::size_t columns, const float* inputs,
                              std::size_t tokens, float* out, std::size_t out_stride);

/// The fastest of them that this processor has.
MatrixKernel pick_matrix_kernel();

}  // namespace kiln::reference
