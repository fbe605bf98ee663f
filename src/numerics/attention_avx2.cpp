// Attention's steps with AVX2. Scores: vpmaddubsw takes a query's magnitudes as unsigned and the keys with the query's
// signs: 2 * 127 * 127 does not saturate. Values: a weight of 32 bits is cut into digits of 15 bits, which vpmaddwd
// takes as signed; few weights have more than two digits, and what a block's weights do not have is left out.
#include <array>
#include <cstring>

#include "numerics/attention_paths.hpp"
#include "numerics/avx2.hpp"

#if defined(__x86_64__)

namespace kiln::numerics {

namespace {

KILN_KERNEL_AVX2 inline __m256i loaded8(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}
KILN_KERNEL_AVX2 inline __m256i widened8(const std::int16_t* from) {
  return _mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}

KILN_KERNEL_AVX2 void dot_block_avx2(const KvBlocks& kv, std::size_t block, std::size_t kv_head, const std::int8_t* q,
                                     std::int32_t* dots) {
  const std::uint8_t* k = kv.k(block, kv_head);
  const std::size_t channels = kv.channels();  // q has zeros from head_dim on
  const __m256i bias = _mm256_set1_epi8(-128);
  const __m256i ones = _mm256_set1_epi16(1);
  for (std::size_t first = 0; first < channels; first += kGroup) {
    __m256i sums[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (std::size_t i = first; i < std::min(channels, first + kGroup); i += 4) {
      std::int32_t four = 0;
      std::memcpy(&four, q + i, 4);
      const __m256i query = _mm256_set1_epi32(four);
      const __m256i magnitude = _mm256_abs_epi8(query);
      for (std::size_t half = 0; half < 2; ++half) {
        const __m256i keys = _mm256_xor_si256(loaded8(k + i * kTokenBlock + 32 * half), bias);
        const __m256i pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(keys, query));
        sums[half] = _mm256_add_epi32(sums[half], _mm256_madd_epi16(pairs, ones));
      }
    }
    std::memcpy(dots + first / kGroup * kTokenBlock, sums, sizeof sums);
  }
}

/// Integers times powers of two, `biased` as a double's exponent field, rounded to float.
KILN_KERNEL_AVX2 inline __m128 scaled4(__m128i sum, __m128i biased) {
  const __m256d power = _mm256_castsi256_pd(_mm256_slli_epi64(_mm256_cvtepi32_epi64(biased), 52));
  return _mm256_cvtpd_ps(_mm256_mul_pd(_mm256_cvtepi32_pd(sum), power));
}

KILN_KERNEL_AVX2 void score_block_avx2(const KvBlocks& kv, std::size_t block, std::size_t kv_head,
                                       const QuantisedVector& q, float factor, const std::int32_t* dots,
                                       float* scores) {
  const std::int16_t* exponents = kv.k_exponents(block, kv_head);
  const avx2::Functions of;
  for (std::size_t t = 0; t < kTokenBlock; t += 8) {
    __m256i unit[kScoreGroups];
    __m256i largest = _mm256_set1_epi32(-0x8000);
    for (std::size_t g = 0; g < kv.groups(); ++g) {
      unit[g] = _mm256_add_epi32(widened8(exponents + g * kTokenBlock + t), _mm256_set1_epi32(q.exponents[g]));
      largest = _mm256_max_epi32(largest, unit[g]);
    }
    __m256i sum = _mm256_setzero_si256();
    for (std::size_t g = 0; g < kv.groups(); ++g) {
      // |dot * 2^10| < 2^30: a shift of 31 gives 0 as well as all above do.
      const __m256i shift = _mm256_min_epi32(_mm256_sub_epi32(largest, unit[g]), _mm256_set1_epi32(31));
      const __m256i half = _mm256_srli_epi32(_mm256_sllv_epi32(of.one, shift), 1);
      const __m256i dot = _mm256_slli_epi32(loaded8(dots + g * kTokenBlock + t), kScoreGuardBits);
      sum = _mm256_add_epi32(sum, _mm256_srav_epi32(_mm256_add_epi32(dot, half), shift));
    }
    const __m256i biased = _mm256_add_epi32(largest, _mm256_set1_epi32(1023 - kScoreGuardBits));
    const __m128 low = scaled4(_mm256_castsi256_si128(sum), _mm256_castsi256_si128(biased));
    const __m128 high = scaled4(_mm256_extracti128_si256(sum, 1), _mm256_extracti128_si256(biased, 1));
    const __m256 score = of.clean8(_mm256_set_m128(high, low));
    _mm256_storeu_ps(scores + t, of.clean8(_mm256_mul_ps(score, _mm256_set1_ps(factor))));
  }
}

/// power_below() of tables.hpp.
KILN_KERNEL_AVX2 inline __m256i powers_below8(const avx2::Functions& of, __m256 below) {
  const __m256 limit = _mm256_set1_ps(32);
  const __m256i seen = _mm256_castps_si256(_mm256_cmp_ps(below, limit, _CMP_LT_OQ));
  if (_mm256_testz_si256(seen, seen) != 0) return _mm256_setzero_si256();
  const __m256 held = _mm256_and_ps(below, _mm256_castsi256_ps(seen));
  // Below 2^31 where it is seen.
  __m128i z[2];
  for (int half = 0; half < 2; ++half) {
    const __m256d x = _mm256_cvtps_pd(half == 0 ? _mm256_castps256_ps128(held) : _mm256_extractf128_ps(held, 1));
    z[half] = _mm256_cvttpd_epi32(_mm256_add_pd(_mm256_mul_pd(x, _mm256_set1_pd(0x1p26)), _mm256_set1_pd(0.5)));
  }
  const __m256i exponent = _mm256_set_m128i(z[1], z[0]);
  const __m256i power = of.exp2_negative8(_mm256_and_si256(exponent, _mm256_set1_epi32((1 << kExpFractionBits) - 1)));
  const __m256i shift =
      _mm256_add_epi32(_mm256_srli_epi32(exponent, kExpFractionBits), _mm256_set1_epi32(31 - kProbabilityBits));
  const __m256i p = _mm256_min_epu32(of.rounding_shift8(power, shift), _mm256_set1_epi32((1 << kProbabilityBits) - 1));
  return _mm256_and_si256(p, seen);
}

KILN_KERNEL_AVX2 std::uint64_t probabilities_avx2(std::span<const float> scores, float largest,
                                                  std::uint32_t* probabilities) {
  const avx2::Functions of;
  const __m256 top = _mm256_set1_ps(largest);
  __m256i total = _mm256_setzero_si256();
  std::size_t i = 0;
  for (; i + 8 <= scores.size(); i += 8) {
    const __m256i p = powers_below8(of, of.clean8(_mm256_sub_ps(top, _mm256_loadu_ps(scores.data() + i))));
    total = _mm256_add_epi64(total, _mm256_add_epi64(_mm256_and_si256(p, of.low_half), avx2::odd_lanes(p)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(probabilities + i), p);
  }
  std::array<std::uint64_t, 4> parts;
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(parts.data()), total);
  return parts[0] + parts[1] + parts[2] + parts[3] +
         kAttentionScalar.probabilities(scores.subspan(i), largest, probabilities + i);
}

KILN_KERNEL_AVX2 void weight_block_avx2(const std::uint32_t* probabilities, const std::int16_t* exponents, int largest,
                                        std::uint32_t* weights) {
  const avx2::Functions of;
  for (std::size_t t = 0; t < kTokenBlock; t += 8) {
    // Below 0 a later token, without a weight.
    const __m256i shift =
        _mm256_max_epi32(_mm256_sub_epi32(_mm256_set1_epi32(largest), widened8(exponents + t)), _mm256_setzero_si256());
    const __m256i w = of.rounding_shift8(_mm256_slli_epi32(loaded8(probabilities + t), kValueGuardBits), shift);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(weights + t), w);
  }
}

constexpr std::size_t kWeightDigitBits = 15;
constexpr std::size_t kWeightDigits = 3;  // of 32 bits
// Two tokens' products are one lane; a lane has every other token of a chunk.
static_assert(kChunkTokens / 2 * ((1U << kWeightDigitBits) - 1) * 127 < std::size_t{1} << 30);

/// A chunk's weights of one group, and how many digits the largest of a block has.
struct WeightDigits {
  std::array<std::array<std::int16_t, kChunkTokens>, kWeightDigits> values;
  std::array<std::uint8_t, kChunkBlocks> used;
};

KILN_KERNEL_AVX2 void cut_avx2(const std::uint32_t* weights, std::size_t blocks, WeightDigits& digits) {
  const __m256i mask = _mm256_set1_epi32((1 << kWeightDigitBits) - 1);
  for (std::size_t block = 0; block < blocks; ++block) {
    const std::size_t at = block * kTokenBlock;
    __m256i w[2] = {loaded8(weights + at), loaded8(weights + at + 8)};
    const __m256i some = _mm256_or_si256(w[0], w[1]);
    std::uint8_t used = 0;
    for (__m256i rest = some; used < kWeightDigits && _mm256_testz_si256(rest, rest) == 0; ++used)
      rest = _mm256_srli_epi32(rest, kWeightDigitBits);
    digits.used[block] = used;
    for (std::size_t d = 0; d < kWeightDigits; ++d) {
      const __m256i packed = _mm256_packus_epi32(_mm256_and_si256(w[0], mask), _mm256_and_si256(w[1], mask));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(digits.values[d].data() + at),
                          _mm256_permute4x64_epi64(packed, _MM_SHUFFLE(3, 1, 2, 0)));
      for (__m256i& half : w) half = _mm256_srli_epi32(half, kWeightDigitBits);
    }
  }
}

constexpr std::size_t kValueChannels = 16;                 // at a time
constexpr std::size_t kValueVectors = kValueChannels / 4;  // of 4 channels by 2 pairs of tokens
using WeightDigitSums = __m256i[kWeightDigits][kValueVectors];

/// Of one block, with as many digits as it has.
template <std::size_t Used>
KILN_KERNEL_AVX2 inline void add_block(const std::int8_t* v, std::size_t stride, const WeightDigits& digits,
                                       std::size_t at, WeightDigitSums& sums) {
  for (std::size_t four = 0; four < kTokenBlock / 4; ++four) {
    __m256i w[Used];
    for (std::size_t d = 0; d < Used; ++d) {
      long long four_digits = 0;
      std::memcpy(&four_digits, digits.values[d].data() + at + 4 * four, sizeof four_digits);
      w[d] = _mm256_set1_epi64x(four_digits);
    }
    for (std::size_t i = 0; i < kValueVectors; ++i) {
      const auto* codes = reinterpret_cast<const __m128i*>(v + four * stride + 16 * i);
      const __m256i values = _mm256_cvtepi8_epi16(_mm_loadu_si128(codes));
      for (std::size_t d = 0; d < Used; ++d) sums[d][i] = _mm256_add_epi32(sums[d][i], _mm256_madd_epi16(values, w[d]));
    }
  }
}

KILN_KERNEL_AVX2 void sum_channels_avx2(const KvBlocks& kv, std::size_t kv_head, ValueChunk blocks,
                                        const WeightDigits& digits, std::size_t first_channel, std::int64_t* sums) {
  WeightDigitSums parts;
  for (auto& digit : parts) {
    for (__m256i& part : digit) part = _mm256_setzero_si256();
  }
  const std::size_t stride = kv.channels() * 4;
  for (std::size_t block = blocks.first; block < blocks.last; ++block) {
    const std::int8_t* v = kv.v(block, kv_head) + first_channel * 4;
    const std::size_t own = block - blocks.first;
    const std::int8_t* next = kv.v(kv.ahead(block, kChunkBlocks), kv_head) + first_channel * 4;
    for (std::size_t four = blocks.head; four < kTokenBlock / 4; four += blocks.heads)
      __builtin_prefetch(next + four * stride);
    switch (digits.used[own]) {
      case 0:
        break;
      case 1:
        add_block<1>(v, stride, digits, own * kTokenBlock, parts);
        break;
      case 2:
        add_block<2>(v, stride, digits, own * kTokenBlock, parts);
        break;
      default:
        add_block<kWeightDigits>(v, stride, digits, own * kTokenBlock, parts);
    }
  }
  for (std::size_t d = 0; d < kWeightDigits; ++d) {
    std::array<std::int32_t, 2 * kValueChannels> pairs;
    std::memcpy(pairs.data(), parts[d], sizeof pairs);
    for (std::size_t i = 0; i < kValueChannels; ++i)
      sums[first_channel + i] += (std::int64_t{pairs[2 * i]} + pairs[2 * i + 1]) * (1LL << (d * kWeightDigitBits));
  }
}

void value_sums_avx2(const KvBlocks& kv, std::size_t kv_head, ValueChunk blocks, const std::uint32_t* weights,
                     std::int64_t* sums) {
  WeightDigits digits;
  for (std::size_t i = 0; i < kv.channels(); i += kValueChannels) {
    if (i % kGroup == 0) cut_avx2(weights + i / kGroup * kChunkTokens, blocks.last - blocks.first, digits);
    sum_channels_avx2(kv, kv_head, blocks, digits, i, sums);
  }
}

}  // namespace

const AttentionPath kAttentionAvx2 = {dot_block_avx2,    score_block_avx2, largest_avx2,        probabilities_avx2,
                                      weight_block_avx2, value_sums_avx2,  divide_by_conversion};

}  // namespace kiln::numerics
#endif
