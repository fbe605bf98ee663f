// Attention's integer sums with AVX-512 VNNI. Scores: keys are stored + 128, so vpdpbusd takes them as unsigned; 128 *
// sum of q is taken back. Values: a weight of 32 bits is cut into 4 unsigned bytes; vpdpbusd adds each byte's products
// over 4 tokens to an INT32, and the four sums, shifted by 0, 8, 16 and 24, are the exact sum.
#include <cstring>

#include "numerics/attention_paths.hpp"
#include "numerics/avx512.hpp"

#if defined(__x86_64__)
#ifndef __clang__
#pragma GCC diagnostic ignored \
    "-Wmaybe-uninitialized"  // gcc 12 takes its own intrinsics' undefined lanes for a mistake
#endif
#include <immintrin.h>

namespace kiln::numerics {

namespace {

KILN_AVX512 void dot_block_avx512(const KvBlocks& kv, std::size_t block, std::size_t kv_head, const std::int8_t* q,
                                  std::int32_t* dots) {
  const std::uint8_t* k = kv.k(block, kv_head);
  const std::size_t channels = kv.channels();  // q has zeros from head_dim on
  for (std::size_t first = 0; first < channels; first += kGroup) {
    const std::size_t last = std::min(channels, first + kGroup);
    __m512i sums[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
    std::int32_t q_sum = 0;
    for (std::size_t i = first; i < last; i += 8) {
      for (std::size_t part = 0; part < 2; ++part) {
        std::int32_t four = 0;
        std::memcpy(&four, q + i + 4 * part, 4);
        const __m512i keys = _mm512_loadu_si512(k + (i + 4 * part) * kTokenBlock);
        sums[part] = _mm512_dpbusd_epi32(sums[part], keys, _mm512_set1_epi32(four));
      }
    }
    for (std::size_t i = first; i < last; ++i) q_sum += q[i];
    const __m512i biased = _mm512_add_epi32(sums[0], sums[1]);
    _mm512_storeu_si512(dots + first / kGroup * kTokenBlock, _mm512_sub_epi32(biased, _mm512_set1_epi32(128 * q_sum)));
  }
}

KILN_AVX512 void score_block_avx512(const KvBlocks& kv, std::size_t block, std::size_t kv_head,
                                    const QuantisedVector& q, float factor, const std::int32_t* dots, float* scores) {
  const std::int16_t* exponents = kv.k_exponents(block, kv_head);
  __m512i unit[2];
  __m512i largest = _mm512_set1_epi32(-0x8000);
  const std::size_t groups = kv.groups();
  for (std::size_t g = 0; g < groups; ++g) {
    const __m256i stored = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(exponents + g * kTokenBlock));
    unit[g] = _mm512_add_epi32(_mm512_cvtepi16_epi32(stored), _mm512_set1_epi32(q.exponents[g]));
    largest = _mm512_max_epi32(largest, unit[g]);
  }
  __m512i sum = _mm512_setzero_si512();
  for (std::size_t g = 0; g < groups; ++g) {
    // |dot * 2^10| < 2^30: a shift of 31 gives 0 as well as all above do.
    const __m512i shift = _mm512_min_epi32(_mm512_sub_epi32(largest, unit[g]), _mm512_set1_epi32(31));
    const __m512i half = _mm512_srli_epi32(_mm512_sllv_epi32(_mm512_set1_epi32(1), shift), 1);
    const __m512i dot = _mm512_slli_epi32(_mm512_loadu_si512(dots + g * kTokenBlock), kScoreGuardBits);
    sum = _mm512_add_epi32(sum, _mm512_srav_epi32(_mm512_add_epi32(dot, half), shift));
  }
  const __m512i biased = _mm512_add_epi32(largest, _mm512_set1_epi32(1023 - kScoreGuardBits));
  for (std::size_t part = 0; part < 2; ++part) {
    const __m256i s = part == 0 ? _mm512_castsi512_si256(sum) : _mm512_extracti64x4_epi64(sum, 1);
    const __m256i e = part == 0 ? _mm512_castsi512_si256(biased) : _mm512_extracti64x4_epi64(biased, 1);
    const __m512d power = _mm512_castsi512_pd(_mm512_slli_epi64(_mm512_cvtepi32_epi64(e), 52));
    const __m256 score = clean8(_mm512_cvtpd_ps(_mm512_mul_pd(_mm512_cvtepi32_pd(s), power)));
    _mm256_storeu_ps(scores + 8 * part, clean8(_mm256_mul_ps(score, _mm256_set1_ps(factor))));
  }
}

KILN_AVX512 std::uint64_t probabilities_avx512(std::span<const float> scores, float largest,
                                               std::uint32_t* probabilities) {
  __m512i total = _mm512_setzero_si512();
  for (std::size_t i = 0; i < scores.size(); i += 8) {
    const auto lanes = static_cast<__mmask8>(scores.size() - i >= 8 ? 0xFF : (1U << (scores.size() - i)) - 1);
    const __m256 score = _mm256_maskz_loadu_ps(lanes, scores.data() + i);
    const __m256 below = clean8(_mm256_sub_ps(_mm256_set1_ps(largest), score));
    const __mmask8 seen = static_cast<__mmask8>(lanes & _mm256_cmp_ps_mask(below, _mm256_set1_ps(32), _CMP_LT_OQ));
    const __m512d scaled = _mm512_mul_pd(_mm512_maskz_cvtps_pd(seen, below), _mm512_set1_pd(0x1p26));
    const __m512i z = _mm512_cvttpd_epi64(_mm512_add_pd(scaled, _mm512_set1_pd(0.5)));
    const __m512i power = exp2_negative8(_mm512_and_si512(z, _mm512_set1_epi64((1 << kExpFractionBits) - 1)));
    const __m512i shift =
        _mm512_add_epi64(_mm512_srli_epi64(z, kExpFractionBits), _mm512_set1_epi64(31 - kProbabilityBits));
    __m512i p = _mm512_min_epu64(rounding_shift8(power, shift), _mm512_set1_epi64((1 << kProbabilityBits) - 1));
    p = _mm512_maskz_mov_epi64(seen, p);
    total = _mm512_add_epi64(total, p);
    _mm256_mask_storeu_epi32(probabilities + i, lanes, _mm512_cvtepi64_epi32(p));
  }
  return static_cast<std::uint64_t>(_mm512_reduce_add_epi64(total));
}

KILN_AVX512 void weight_block_avx512(const std::uint32_t* probabilities, const std::int16_t* exponents, int largest,
                                     std::uint32_t* weights) {
  const __m512i one = _mm512_set1_epi32(1);
  const __m512i e = _mm512_cvtepi16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(exponents)));
  // Below 0 a later token, without a weight. A shift of -1, or of more than 31, gives 0; the bit below the cut carries.
  const __m512i shift = _mm512_max_epi32(_mm512_sub_epi32(_mm512_set1_epi32(largest), e), _mm512_setzero_si512());
  const __m512i p = _mm512_slli_epi32(_mm512_loadu_si512(probabilities), kValueGuardBits);
  const __m512i below = _mm512_and_si512(_mm512_srlv_epi32(p, _mm512_sub_epi32(shift, one)), one);
  _mm512_storeu_si512(weights, _mm512_add_epi32(_mm512_srlv_epi32(p, shift), below));
}

constexpr std::size_t kLanes = 16;  // channels of a vector
static_assert(kChunkTokens * 255 * 127 < std::size_t{1} << 31);

/// Bytes of 4 weights, regrouped: dword b holds byte b of each of the 4 tokens.
KILN_AVX512 inline __m128i byte_planes(const std::uint32_t* weights) {
  const __m128i order = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(weights)), order);
}

KILN_AVX512 inline void widen(const __m512i (&planes)[4], std::int64_t* sums) {
  for (std::size_t half = 0; half < 2; ++half) {
    __m512i total = _mm512_loadu_si512(sums + 8 * half);
    for (unsigned b = 0; b < 4; ++b) {
      const __m256i part = half == 0 ? _mm512_castsi512_si256(planes[b]) : _mm512_extracti64x4_epi64(planes[b], 1);
      total = _mm512_add_epi64(total, _mm512_slli_epi64(_mm512_cvtepi32_epi64(part), 8 * b));
    }
    _mm512_storeu_si512(sums + 8 * half, total);
  }
}

/// sums[first_channel ... first_channel + 16 * Vectors), all of one group, whose weights these are.
template <std::size_t Vectors>
KILN_AVX512 void sum_channels_avx512(const KvBlocks& kv, std::size_t kv_head, ValueChunk blocks,
                                     const std::uint32_t* weights, std::size_t first_channel, std::int64_t* sums) {
  const std::size_t channels = kv.channels();
  __m512i planes[Vectors][4];
  for (auto& vector : planes) {
    for (__m512i& plane : vector) plane = _mm512_setzero_si512();
  }
  for (std::size_t block = blocks.first; block < blocks.last; ++block) {
    const std::int8_t* v = kv.v(block, kv_head) + first_channel * 4;
    const std::int8_t* next = kv.v(kv.ahead(block, kChunkBlocks), kv_head) + first_channel * 4;
    for (std::size_t four = blocks.head; four < kTokenBlock / 4; four += blocks.heads) {
      for (std::size_t i = 0; i < Vectors; ++i) __builtin_prefetch(next + (four * channels + i * kLanes) * 4);
    }
    for (std::size_t four = 0; four < kTokenBlock / 4; ++four, weights += 4) {
      const __m128i bytes = byte_planes(weights);
      const __m512i plane[4] = {_mm512_broadcastd_epi32(bytes), _mm512_broadcastd_epi32(_mm_shuffle_epi32(bytes, 0x55)),
                                _mm512_broadcastd_epi32(_mm_shuffle_epi32(bytes, 0xAA)),
                                _mm512_broadcastd_epi32(_mm_shuffle_epi32(bytes, 0xFF))};
      for (std::size_t i = 0; i < Vectors; ++i) {
        const __m512i codes = _mm512_loadu_si512(v + (four * channels + i * kLanes) * 4);
        for (std::size_t b = 0; b < 4; ++b) planes[i][b] = _mm512_dpbusd_epi32(planes[i][b], plane[b], codes);
      }
    }
  }
  for (std::size_t i = 0; i < Vectors; ++i) widen(planes[i], sums + first_channel + i * kLanes);
}

void value_sums_avx512(const KvBlocks& kv, std::size_t kv_head, ValueChunk blocks, const std::uint32_t* weights,
                       std::int64_t* sums) {
  std::size_t i = 0;
  while (i < kv.channels()) {
    const std::uint32_t* w = weights + i / kGroup * kChunkTokens;
    if (i % kGroup == 0 && kv.channels() - i >= kGroup) {
      sum_channels_avx512<4>(kv, kv_head, blocks, w, i, sums);
      i += kGroup;
    } else {
      sum_channels_avx512<1>(kv, kv_head, blocks, w, i, sums);
      i += kLanes;
    }
  }
}

}  // namespace

const AttentionPath kAttentionAvx512 = {dot_block_avx512,     score_block_avx512,  largest_avx512,
                                        probabilities_avx512, weight_block_avx512, value_sums_avx512,
                                        divide_by_conversion};

}  // namespace kiln::numerics
#endif
