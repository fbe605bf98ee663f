// The product of a matrix with AVX2: codes are spread by pdep, looked up, and multiplied as |c| * (a with c's sign),
// which vpmaddubsw cannot saturate because both are at most 127: 2 * 127 * 127 < 2^15.
#include <cstring>

#include "numerics/matrix_paths.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#define KILN_AVX2 __attribute__((target("avx2,bmi2")))

namespace kiln::numerics {

namespace {

template <class T>
inline std::uint64_t load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// 8 codes of `Bits` each from a chunk, one a byte.
template <int Bits>
KILN_AVX2 inline std::uint64_t spread(const std::byte* chunk) {
  constexpr std::uint64_t kLanes = 0x0101010101010101ULL * ((1U << Bits) - 1);
  if constexpr (Bits == 2) return _pdep_u64(load<std::uint16_t>(chunk), kLanes);
  if constexpr (Bits == 3) return _pdep_u64(load<std::uint16_t>(chunk) | load<std::uint8_t>(chunk + 2) << 16, kLanes);
  if constexpr (Bits == 4) return _pdep_u64(load<std::uint32_t>(chunk), kLanes);
  if constexpr (Bits == 6) return _pdep_u64(load<std::uint32_t>(chunk) | load<std::uint16_t>(chunk + 4) << 32, kLanes);
  return load<std::uint64_t>(chunk);
}

template <int Bits>
KILN_AVX2 void decode(const std::int8_t* codebook, const std::byte* codes, std::int8_t* out) {
  if constexpr (Bits <= 4) {
    alignas(16) std::int8_t entries[16];
    for (int i = 0; i < 16; ++i) entries[i] = codebook[i & ((1 << Bits) - 1)];
    const __m256i table = _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(entries)));
    for (std::size_t i = 0; i < kPanelRows * kGroup; i += 32, codes += std::size_t{4} * Bits) {
      const __m256i index = _mm256_set_epi64x(static_cast<long long>(spread<Bits>(codes + std::size_t{3} * Bits)),
                                              static_cast<long long>(spread<Bits>(codes + std::size_t{2} * Bits)),
                                              static_cast<long long>(spread<Bits>(codes + Bits)),
                                              static_cast<long long>(spread<Bits>(codes)));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), _mm256_shuffle_epi8(table, index));
    }
  } else {
    for (std::size_t i = 0; i < kPanelRows * kGroup; i += 8, codes += Bits) {
      const std::uint64_t index = spread<Bits>(codes);
      for (int lane = 0; lane < 8; ++lane)
        out[i + static_cast<std::size_t>(lane)] = codebook[(index >> (8 * lane)) & 0xFF];
    }
  }
}

KILN_AVX2 inline void add_term(__m256i p, const std::uint8_t* scales, __m256i step, const TermShift& shift,
                               std::int64_t* sums) {
  const __m256i scale = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(scales)));
  const __m256i product = _mm256_mullo_epi32(p, _mm256_mullo_epi32(scale, step));
  const __m256i below = _mm256_sra_epi32(product, _mm_cvtsi32_si128(shift.below));
  const __m256i term = _mm256_add_epi32(_mm256_sra_epi32(product, _mm_cvtsi32_si128(shift.whole)),
                                        _mm256_and_si256(below, _mm256_set1_epi32(shift.rounds)));
  auto* low = reinterpret_cast<__m256i*>(sums);
  auto* high = reinterpret_cast<__m256i*>(sums + 4);
  _mm256_storeu_si256(low,
                      _mm256_add_epi64(_mm256_loadu_si256(low), _mm256_cvtepi32_epi64(_mm256_castsi256_si128(term))));
  _mm256_storeu_si256(
      high, _mm256_add_epi64(_mm256_loadu_si256(high), _mm256_cvtepi32_epi64(_mm256_extracti128_si256(term, 1))));
}

template <int Bits>
KILN_AVX2 void panel_sums(const MatrixView& matrix, std::size_t panel, std::span<const PreparedVector> x,
                          PanelSums* sums) {
  constexpr std::size_t kGroupBytes = kPanelRows * kGroup / 8 * Bits;
  const std::size_t groups = matrix.groups();
  const __m256i ones = _mm256_set1_epi16(1);
  alignas(32) std::int8_t weights[kPanelRows * kGroup];
  for (std::size_t t = 0; t < x.size(); ++t) sums[t].fill(0);
  for (std::size_t g = 0; g < groups; ++g) {
    const std::size_t at = panel * groups + g;
    decode<Bits>(matrix.codebook.data(), matrix.codes.data() + at * kGroupBytes, weights);
    for (std::size_t t = 0; t < x.size(); ++t) {
      const std::int8_t* a = x[t].codes + g * kGroup;
      __m256i p0 = _mm256_setzero_si256();
      __m256i p1 = p0;
      for (std::size_t j = 0; j < kGroup / 4; ++j) {
        std::int32_t four = 0;
        std::memcpy(&four, a + 4 * j, 4);
        const __m256i activation = _mm256_set1_epi32(four);
        const __m256i w0 = _mm256_load_si256(reinterpret_cast<const __m256i*>(weights + 64 * j));
        const __m256i w1 = _mm256_load_si256(reinterpret_cast<const __m256i*>(weights + 64 * j + 32));
        const __m256i v0 = _mm256_maddubs_epi16(_mm256_abs_epi8(w0), _mm256_sign_epi8(activation, w0));
        const __m256i v1 = _mm256_maddubs_epi16(_mm256_abs_epi8(w1), _mm256_sign_epi8(activation, w1));
        p0 = _mm256_add_epi32(p0, _mm256_madd_epi16(v0, ones));
        p1 = _mm256_add_epi32(p1, _mm256_madd_epi16(v1, ones));
      }
      const __m256i step = _mm256_set1_epi32(x[t].step[g]);
      const TermShift shift(x[t].shift[g]);
      const std::uint8_t* scales = matrix.scales.data() + at * kPanelRows;
      add_term(p0, scales, step, shift, sums[t].data());
      add_term(p1, scales + 8, step, shift, sums[t].data() + 8);
    }
  }
}

}  // namespace

void panel_sums_avx2(const MatrixView& matrix, std::size_t panel, std::span<const PreparedVector> x, PanelSums* sums) {
  switch (matrix.bits) {
    case 2:
      return panel_sums<2>(matrix, panel, x, sums);
    case 3:
      return panel_sums<3>(matrix, panel, x, sums);
    case 4:
      return panel_sums<4>(matrix, panel, x, sums);
    case 6:
      return panel_sums<6>(matrix, panel, x, sums);
    default:
      return panel_sums<8>(matrix, panel, x, sums);
  }
}

}  // namespace kiln::numerics
#else
namespace kiln::numerics {
void panel_sums_avx2(const MatrixView& matrix, std::size_t panel, std::span<const PreparedVector> x, PanelSums* sums) {
  panel_sums_scalar(matrix, panel, x, sums);
}
}  // namespace kiln::numerics
#endif
