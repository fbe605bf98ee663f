// SiLU of eight elements at a time: the same integers and the same roundings as the scalar one. AVX-512, too, takes
// them eight by eight, with twice the registers.
#include "numerics/avx2.hpp"
#include "numerics/silu.hpp"

#if defined(__x86_64__)

namespace kiln::numerics {

namespace {

using avx2::all4;
using avx2::all8;
using avx2::odd_lanes;

struct Silu {
  avx2::Functions of;
  __m256i significand_bits = all4(0x7FFFFF), implicit = all4(0x800000), exponent_bits = all4(0xFF);
  __m256i log2e = all4(static_cast<std::int64_t>(kLog2E)), most_shift = all4(31 - kExpFractionBits + 150);
  __m256i one = all4(1), sign = all8(INT32_MIN), dropped = all4(0x7FF);
  __m256i magic = all4(0x4330000000000000);  // 2^52, to which an integer below it is added as bits
  __m256i scale = all4(1023 - 31), product_scale = all4(1023 - 62 + 11);
  __m256i least_exponent = all8(100), many = all8(32), exponents = all8(132);
  __m256i fraction = all8((1 << kExpFractionBits) - 1);

  KILN_LANES Silu() {}  // NOLINT(modernize-use-equals-default): of that instruction set

  /// z = |x| * log2(e) with kExpFractionBits fraction bits, in 64-bit lanes, of the even lanes.
  KILN_LANES __m256i exponent4(__m256i bits) const {
    const __m256i exponent = _mm256_and_si256(_mm256_srli_epi64(bits, 23), exponent_bits);
    const __m256i significand = _mm256_or_si256(_mm256_and_si256(bits, significand_bits), implicit);
    const __m256i product = _mm256_mul_epu32(significand, log2e);
    const __m256i shift = _mm256_sub_epi64(most_shift, exponent);  // 22...55
    const __m256i half = _mm256_srli_epi64(_mm256_sllv_epi64(one, shift), 1);
    return _mm256_srlv_epi64(_mm256_add_epi64(product, half), shift);
  }

  /// 1 / (1 + e^-|x|), or that of -|x| where `negative`, of the even lanes. The numerator has 62 bits where it is a
  /// product: its low 11 are gathered in one, which leaves the one rounding to float as it is.
  KILN_LANES __m128 quotient4(__m256i inverse, __m256i power, __m256i whole, __m256i negative) const {
    const __m256i product = _mm256_mul_epu32(power, inverse);
    const __m256i low = _mm256_and_si256(product, dropped);
    const __m256i some = _mm256_andnot_si256(_mm256_cmpeq_epi64(low, _mm256_setzero_si256()), one);
    const __m256i gathered = _mm256_or_si256(_mm256_srli_epi64(product, 11), some);
    const __m256i numerator = _mm256_blendv_epi8(inverse, gathered, negative);
    const __m256d exact =
        _mm256_sub_pd(_mm256_castsi256_pd(_mm256_or_si256(numerator, magic)), _mm256_castsi256_pd(magic));
    const __m256i power_of_two = _mm256_blendv_epi8(scale, _mm256_sub_epi64(product_scale, whole), negative);
    // |x| < 64 keeps it above 2^-126: the power of two is exact.
    return _mm256_cvtpd_ps(_mm256_mul_pd(exact, _mm256_castsi256_pd(_mm256_slli_epi64(power_of_two, 52))));
  }

  /// Whether the vectors do for all eight: zero, |x| >= 64 and what is so small that z needs a longer shift are left to
  /// the scalar function.
  KILN_LANES bool takes(__m256 x) const {
    const __m256i exponent = _mm256_and_si256(_mm256_srli_epi32(_mm256_castps_si256(x), 23), of.byte);
    const __m256i outside =
        _mm256_or_si256(_mm256_cmpgt_epi32(least_exponent, exponent), _mm256_cmpgt_epi32(exponent, exponents));
    return _mm256_testz_si256(outside, outside) != 0;
  }

  /// What is known of eight elements between the steps.
  struct Eight {
    __m256 x;
    __m256i even, odd, power, whole, d;
  };
  KILN_LANES void find_power(Eight& e) const {
    const __m256i bits = _mm256_castps_si256(e.x);
    e.even = exponent4(bits);
    e.odd = exponent4(odd_lanes(bits));
    e.power = of.exp2_negative8(_mm256_and_si256(avx2::interleave(e.even, e.odd), fraction));
    e.even = _mm256_srli_epi64(e.even, kExpFractionBits);
    e.odd = _mm256_srli_epi64(e.odd, kExpFractionBits);
    e.whole = avx2::interleave(e.even, e.odd);
  }
  KILN_LANES void find_sum(Eight& e) const {
    const __m256i near = _mm256_cmpgt_epi32(many, e.whole);
    const __m256i aligned = _mm256_and_si256(near, of.rounding_shift8(e.power, e.whole));
    e.d = _mm256_or_si256(_mm256_min_epu32(aligned, of.magnitude), sign);  // 2^31 + aligned
  }
  KILN_LANES __m256 sigmoid(const Eight& e) const {
    __m256i inverse_even, inverse_odd;
    of.reciprocals8(e.d, inverse_even, inverse_odd);
    const __m256i negative = _mm256_srai_epi32(_mm256_castps_si256(e.x), 31);
    const __m128 even =
        quotient4(inverse_even, e.power, e.even, _mm256_shuffle_epi32(negative, _MM_SHUFFLE(2, 2, 0, 0)));
    const __m128 odd =
        quotient4(inverse_odd, odd_lanes(e.power), e.odd, _mm256_shuffle_epi32(negative, _MM_SHUFFLE(3, 3, 1, 1)));
    return _mm256_set_m128(_mm_unpackhi_ps(even, odd), _mm_unpacklo_ps(even, odd));
  }
};

KILN_LANES void silu_multiply_lanes(std::size_t size, const float* gate, const float* up, float* out) {
  constexpr std::size_t kEights = 4;  // side by side: the steps of one wait for one another
  const Silu silu;
  std::size_t i = 0;
  for (; i + 8 * kEights <= size; i += 8 * kEights) {
    Silu::Eight eights[kEights];
    bool takes = true;
    for (std::size_t e = 0; e < kEights; ++e) {
      eights[e].x = silu.of.clean8(_mm256_loadu_ps(gate + i + 8 * e));
      takes &= silu.takes(eights[e].x);
    }
    if (!takes) {
      silu_multiply_scalar(8 * kEights, gate + i, up + i, out + i);
      continue;
    }
    for (Silu::Eight& e : eights) silu.find_power(e);
    for (Silu::Eight& e : eights) silu.find_sum(e);
    for (std::size_t e = 0; e < kEights; ++e) {
      const __m256 weighted = silu.of.clean8(_mm256_mul_ps(eights[e].x, silu.sigmoid(eights[e])));
      const __m256 factor = silu.of.clean8(_mm256_loadu_ps(up + i + 8 * e));
      _mm256_storeu_ps(out + i + 8 * e, silu.of.clean8(_mm256_mul_ps(weighted, factor)));
    }
  }
  silu_multiply_scalar(size - i, gate + i, up + i, out + i);
}

}  // namespace

KILN_KERNEL_AVX2 void silu_multiply_avx2(std::size_t size, const float* gate, const float* up, float* out) {
  silu_multiply_lanes(size, gate, up, out);
}
KILN_KERNEL_AVX512 void silu_multiply_avx512(std::size_t size, const float* gate, const float* up, float* out) {
  silu_multiply_lanes(size, gate, up, out);
}

}  // namespace kiln::numerics
#else
namespace kiln::numerics {
void silu_multiply_avx2(std::size_t size, const float* gate, const float* up, float* out) {
  silu_multiply_scalar(size, gate, up, out);
}
void silu_multiply_avx512(std::size_t size, const float* gate, const float* up, float* out) {
  silu_multiply_scalar(size, gate, up, out);
}
}  // namespace kiln::numerics
#endif
