// Eight lanes of the table functions and number formats with AVX-512: the same integers as the scalar ones give.
#pragma once

#if defined(__x86_64__)
// gcc 12 takes its own intrinsics' undefined lanes for a mistake.
#pragma GCC diagnostic ignored "-Wuninitialized"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include <cstdint>

#include "numerics/tables.hpp"

#define KILN_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")))

namespace kiln::numerics {

KILN_AVX512 inline __m256 clean8(__m256 x) {
  const __m256i bits = _mm256_castps_si256(x);
  const __m256i mask = _mm256_set1_epi32(static_cast<int>(kExponentMask));
  const __m256i exponent = _mm256_and_si256(bits, mask);
  const __m256i sign = _mm256_and_si256(bits, _mm256_set1_epi32(static_cast<int>(kSignBit)));
  const __m256i largest = _mm256_or_si256(sign, _mm256_set1_epi32(static_cast<int>(kLargestFinite)));
  const __m256i held = _mm256_mask_mov_epi32(bits, _mm256_cmpeq_epi32_mask(exponent, mask), largest);
  return _mm256_castsi256_ps(_mm256_maskz_mov_epi32(_mm256_test_epi32_mask(exponent, exponent), held));
}

/// floor(x / 2^shift + 1/2) for x below 2^62, shift in 0...62.
KILN_AVX512 inline __m512i rounding_shift8(__m512i x, __m512i shift) {
  const __m512i half = _mm512_srli_epi64(_mm512_sllv_epi64(_mm512_set1_epi64(1), shift), 1);
  return _mm512_srlv_epi64(_mm512_add_epi64(x, half), shift);
}

KILN_AVX512 inline __m512i exp2_negative8(__m512i f) {
  const __m512i index = _mm512_srli_epi64(f, 18);
  const __m512i table = _mm512_cvtepu32_epi64(_mm512_i64gather_epi32(index, kExp2Table.data(), 4));
  const __m512i rest = _mm512_and_si512(f, _mm512_set1_epi64(0x3FFFF));
  const __m512i t = _mm512_srli_epi64(_mm512_mul_epu32(rest, _mm512_set1_epi64(static_cast<long long>(kLn2))), 18);
  const __m512i one = _mm512_set1_epi64(1LL << 40);
  const __m512i series = _mm512_add_epi64(_mm512_sub_epi64(one, t), _mm512_srli_epi64(_mm512_mul_epu32(t, t), 41));
  const __m512i product = _mm512_mul_epu32(table, _mm512_srli_epi64(series, 8));
  const __m512i power = _mm512_srli_epi64(_mm512_add_epi64(product, _mm512_set1_epi64(1LL << 31)), 32);
  return _mm512_mask_mov_epi64(power, _mm512_cmpeq_epi64_mask(series, one),
                               table);  // 2^32 * table: beyond 32-bit factors
}

}  // namespace kiln::numerics
#endif
