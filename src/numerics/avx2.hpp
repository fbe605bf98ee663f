// Eight lanes of the table functions and number formats with AVX2: the same integers as the scalar ones give. 64-bit
// products are of the even lanes and of the odd ones, which a shift by 32 brings to their place.
#pragma once

#include "numerics/simd.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstdint>

#include "numerics/tables.hpp"

namespace kiln::numerics::avx2 {

KILN_LANES __m256i odd_lanes(__m256i x) { return _mm256_srli_epi64(x, 32); }
/// Low halves of 64-bit lanes as the even and the odd lanes.
KILN_LANES __m256i interleave(__m256i even, __m256i odd) {
  return _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA);
}
KILN_LANES __m256i all8(std::int32_t x) { return _mm256_set1_epi32(unknown(x)); }
KILN_LANES __m256i all4(std::int64_t x) { return _mm256_set1_epi64x(unknown(x)); }

/// With the constants that they need; made before a loop.
struct Functions {
  __m256i one = all8(1), magnitude = all8(INT32_MAX), largest = all8(static_cast<std::int32_t>(kLargestFinite)),
          fraction = all8(0x007FFFFF);
  __m256i table_rest = all8(0x3FFFF), byte = all8(0xFF), low_half = all4(0xFFFFFFFF);
  __m256i ln2 = all4(static_cast<std::int64_t>(kLn2)), one_31 = all4(1LL << 31), one_32 = all4(1LL << 32),
          one_40 = all4(1LL << 40);

  KILN_LANES Functions() {}  // NOLINT(modernize-use-equals-default): of that instruction set

  /// clean() of bits.hpp
  KILN_LANES __m256 clean8(__m256 x) const {
    const __m256i bits = _mm256_castps_si256(x);
    const __m256i held = _mm256_min_epi32(_mm256_and_si256(bits, magnitude), largest);
    const __m256i signed_bits = _mm256_or_si256(_mm256_andnot_si256(magnitude, bits), held);
    return _mm256_castsi256_ps(_mm256_and_si256(signed_bits, _mm256_cmpgt_epi32(held, fraction)));
  }

  /// floor(x / 2^shift + 1/2) for 32-bit lanes without a sign, shift at least 0 (from 33 on it is 0): the bit below the
  /// cut is the carry.
  KILN_LANES __m256i rounding_shift8(__m256i x, __m256i shift) const {
    const __m256i below = _mm256_srlv_epi32(x, _mm256_sub_epi32(shift, one));  // a shift of -1 gives 0
    return _mm256_add_epi32(_mm256_srlv_epi32(x, shift), _mm256_and_si256(below, one));
  }

  /// 64-bit lanes: power << 32 before it is cut, from a table entry and the rest of the fraction.
  KILN_LANES __m256i exp2_product4(__m256i entry, __m256i rest) const {
    const __m256i t = _mm256_srli_epi64(_mm256_mul_epu32(rest, ln2), 18);
    const __m256i square = _mm256_srli_epi64(_mm256_mul_epu32(t, t), 41);
    const __m256i series = _mm256_add_epi64(_mm256_sub_epi64(one_40, t), square);
    return _mm256_add_epi64(_mm256_mul_epu32(entry, _mm256_srli_epi64(series, 8)), one_31);
  }

  /// exp2_negative() of tables.hpp: 2^(-f / 2^26) * 2^31.
  KILN_LANES __m256i exp2_negative8(__m256i f) const {
    const auto* table = reinterpret_cast<const int*>(kExp2Table.data());
    const __m256i entry = _mm256_i32gather_epi32(table, _mm256_srli_epi32(f, 18), 4);
    const __m256i rest = _mm256_and_si256(f, table_rest);
    const __m256i even = odd_lanes(exp2_product4(entry, rest));
    const __m256i odd = exp2_product4(odd_lanes(entry), odd_lanes(rest));
    // Without a rest the product is 2^32 * entry: beyond 32-bit factors.
    const __m256i none = _mm256_cmpeq_epi32(rest, _mm256_setzero_si256());
    return _mm256_blendv_epi8(_mm256_blend_epi32(even, odd, 0xAA), entry, none);
  }

  KILN_LANES __m256i reciprocal4(__m256i d, __m256i entry) const {
    __m256i x = _mm256_slli_epi64(entry, 16);
    for (int i = 0; i < 2; ++i) {
      const __m256i product = _mm256_srli_epi64(_mm256_mul_epu32(d, x), 31);
      x = _mm256_srli_epi64(_mm256_mul_epu32(x, _mm256_sub_epi64(one_32, product)), 31);
    }
    return x;
  }

  /// reciprocal() of tables.hpp for 32-bit lanes from 2^31 on, as 64-bit lanes: of the even ones and of the odd ones.
  KILN_LANES void reciprocals8(__m256i d, __m256i& even, __m256i& odd) const {
    const auto* table = reinterpret_cast<const int*>(kReciprocalTable.data());
    const __m256i entry = _mm256_i32gather_epi32(table, _mm256_and_si256(_mm256_srli_epi32(d, 23), byte), 4);
    even = reciprocal4(d, _mm256_and_si256(entry, low_half));
    odd = reciprocal4(odd_lanes(d), odd_lanes(entry));
  }
};

}  // namespace kiln::numerics::avx2
#endif
