// SiLU by instruction set; the scalar functions are the definition.
#pragma once

#include <cstddef>

namespace kiln::numerics {

/// 1 / (1 + e^-x) for a clean x.
float sigmoid(float x);

/// out = x * sigmoid(x) * up; all in any numbers.
void silu_multiply_scalar(std::size_t size, const float* gate, const float* up, float* out);
void silu_multiply_avx2(std::size_t size, const float* gate, const float* up, float* out);
void silu_multiply_avx512(std::size_t size, const float* gate, const float* up, float* out);

}  // namespace kiln::numerics
