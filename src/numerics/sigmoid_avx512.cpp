// Sigmoid of eight elements at a time: the same integers and the same roundings as the scalar one.
#include "numerics/avx512.hpp"
#include "numerics/sigmoid.hpp"

#if defined(__x86_64__)

namespace kiln::numerics {

KILN_AVX512 bool sigmoid8_avx512(const float* x, float* out) {
  const __m256i bits = _mm256_castps_si256(clean8(_mm256_loadu_ps(x)));
  const __m512i wide = _mm512_cvtepu32_epi64(bits);
  const __mmask8 negative = _mm256_movepi32_mask(bits);
  const __m512i exponent = _mm512_and_si512(_mm512_srli_epi64(wide, 23), _mm512_set1_epi64(0xFF));
  const __m512i fraction = _mm512_and_si512(wide, _mm512_set1_epi64(0x7FFFFF));
  const __m512i significand = _mm512_or_si512(fraction, _mm512_set1_epi64(0x800000));
  // Zero, |x| >= 64 and what is so small that z needs a longer shift are left to the scalar function.
  if (_mm512_cmpge_epu64_mask(_mm512_sub_epi64(exponent, _mm512_set1_epi64(100)), _mm512_set1_epi64(133 - 100)) != 0)
    return false;
  const __m512i product = _mm512_mul_epu32(significand, _mm512_set1_epi64(static_cast<long long>(kLog2E)));
  const __m512i shift = _mm512_sub_epi64(_mm512_set1_epi64(31 - kExpFractionBits + 150), exponent);
  const __m512i z = rounding_shift8(product, shift);
  const __m512i whole = _mm512_srli_epi64(z, kExpFractionBits);
  const __m512i power = exp2_negative8(_mm512_and_si512(z, _mm512_set1_epi64((1 << kExpFractionBits) - 1)));
  const __m512i one = _mm512_set1_epi64(1LL << 31);
  const __mmask8 near = _mm512_cmplt_epu64_mask(whole, _mm512_set1_epi64(32));
  const __m512i aligned =
      _mm512_maskz_mov_epi64(near, rounding_shift8(power, _mm512_min_epu64(whole, _mm512_set1_epi64(40))));
  const __m512i d = _mm512_min_epu64(_mm512_add_epi64(one, aligned), _mm512_set1_epi64((1LL << 32) - 1));
  const __m512i inverse = reciprocal8(d);
  const __m512i numerator = _mm512_mask_mul_epu32(inverse, negative, power, inverse);
  const __m512i scale =
      _mm512_mask_sub_epi64(_mm512_set1_epi64(1023 - 31), negative, _mm512_set1_epi64(1023 - 62), whole);
  // A float of the integer, one rounding; then a power of two, exact: |x| < 64 keeps it above 2^-126.
  const __m512d rounded = _mm512_cvtps_pd(_mm512_cvtepu64_ps(numerator));
  const __m512d result = _mm512_mul_pd(rounded, _mm512_castsi512_pd(_mm512_slli_epi64(scale, 52)));
  _mm256_storeu_ps(out, _mm512_cvtpd_ps(result));
  return true;
}

}  // namespace kiln::numerics
#else
namespace kiln::numerics {
bool sigmoid8_avx512(const float*, float*) { return false; }
}  // namespace kiln::numerics
#endif
