// Sigmoid with AVX-512, eight elements at a time.
#pragma once

namespace kiln::numerics {

/// False if one of the eight needs the scalar function: nothing is written then.
bool sigmoid8_avx512(const float* x, float* out);

}  // namespace kiln::numerics
