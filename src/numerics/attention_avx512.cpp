// Attention's integer sums with AVX-512 VNNI. Scores: keys are stored + 128, so vpdpbusd takes them as unsigned; 128 *
// sum of q is taken back. Values: a weight of 32 bits is cut into 4 unsigned bytes; vpdpbusd adds each byte's products
// over 4 tokens to an INT32, and the four sums, shifted by 0, 8, 16 and 24, are the exact sum.
#include <cstring>

#include "numerics/attention_paths.hpp"

#if defined(__x86_64__)
#pragma GCC diagnostic ignored \
    "-Wmaybe-uninitialized"  // gcc 12 takes its own intrinsics' undefined lanes for a mistake
#include <immintrin.h>

#define KILN_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")))

namespace kiln::numerics {

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

namespace {

constexpr std::size_t kLanes = 16;            // channels of a vector
constexpr std::size_t kBlocksInInt32 = 1024;  // 4 * 1024 steps of at most 4 * 255 * 127 stay below 2^31

/// Bytes of 4 weights, regrouped: dword b holds byte b of each of the 4 tokens.
KILN_AVX512 inline __m128i byte_planes(const std::uint32_t* weights) {
  const __m128i order = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(weights)), order);
}

KILN_AVX512 inline void widen(const __m512i (&planes)[4], std::int64_t* sums) {
  for (int half = 0; half < 2; ++half) {
    __m512i total = _mm512_loadu_si512(sums + 8 * half);
    for (unsigned b = 0; b < 4; ++b) {
      const __m256i part = half == 0 ? _mm512_castsi512_si256(planes[b]) : _mm512_extracti64x4_epi64(planes[b], 1);
      total = _mm512_add_epi64(total, _mm512_slli_epi64(_mm512_cvtepi32_epi64(part), 8 * b));
    }
    _mm512_storeu_si512(sums + 8 * half, total);
  }
}

/// sums[first_channel ... first_channel + 16 * Vectors), all of one group.
template <std::size_t Vectors>
KILN_AVX512 void sum_channels(const KvBlocks& kv, std::size_t kv_head, const std::uint32_t* weights,
                              std::size_t first_channel, std::int64_t* sums) {
  const std::size_t channels = kv.channels();
  for (std::size_t start = 0; start < kv.blocks(); start += kBlocksInInt32) {
    const std::size_t end = std::min(kv.blocks(), start + kBlocksInInt32);
    __m512i planes[Vectors][4];
    for (auto& vector : planes) {
      for (__m512i& plane : vector) plane = _mm512_setzero_si512();
    }
    for (std::size_t block = start; block < end; ++block) {
      const std::int8_t* v = kv.v(block, kv_head) + first_channel * 4;
      for (std::size_t four = 0; four < kTokenBlock / 4; ++four) {
        const __m128i bytes = byte_planes(weights + block * kTokenBlock + four * 4);
        const __m512i plane[4] = {_mm512_broadcastd_epi32(bytes),
                                  _mm512_broadcastd_epi32(_mm_shuffle_epi32(bytes, 0x55)),
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
}

}  // namespace

void value_sums_avx512(const KvBlocks& kv, std::size_t kv_head, std::span<const std::uint32_t> weights,
                       std::int64_t* sums) {
  const std::size_t channels = kv.channels();
  const std::size_t stride = kv.blocks() * kTokenBlock;
  std::fill_n(sums, channels, 0);
  std::size_t i = 0;
  while (i < channels) {
    const std::uint32_t* w = weights.data() + i / kGroup * stride;
    if (i % kGroup == 0 && channels - i >= kGroup) {
      sum_channels<4>(kv, kv_head, w, i, sums);
      i += kGroup;
    } else {
      sum_channels<1>(kv, kv_head, w, i, sums);
      i += kLanes;
    }
  }
}

}  // namespace kiln::numerics
#else
namespace kiln::numerics {
void dot_block_avx512(const KvBlocks& kv, std::size_t block, std::size_t kv_head, const std::int8_t* q,
                      std::int32_t* dots) {
  dot_block_scalar(kv, block, kv_head, q, dots);
}
void value_sums_avx512(const KvBlocks& kv, std::size_t kv_head, std::span<const std::uint32_t> weights,
                       std::int64_t* sums) {
  value_sums_scalar(kv, kv_head, weights, sums);
}
}  // namespace kiln::numerics
#endif
