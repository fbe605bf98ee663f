// What bounds products of many vectors: the processor's multiply ports.
#pragma once

#include <cstdint>

#include "numerics/matrix.hpp"

namespace kiln::numerics {

/// INT8 products of weights and activations, as the product of a matrix and many vectors makes them (vpdpbusd; with AVX2
/// vpmaddwd and an addition), of registers alone: about 2^20 of them a round, all of one core. Returns how many; `sum`
/// depends on them all. Nothing, 0, for Simd::Scalar.
std::uint64_t multiply_registers(Simd simd, std::uint64_t rounds, std::int32_t& sum);

}  // namespace kiln::numerics
