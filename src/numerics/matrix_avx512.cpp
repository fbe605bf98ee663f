// The product of a matrix with AVX-512 (VNNI, VBMI): vpdpbusd multiplies values + 128 with the 4 activations they meet;
// PreparedBatch::Term::bias takes the + 128 back.
#include <algorithm>
#include <cstring>

#include "numerics/avx512.hpp"
#include "numerics/bits.hpp"
#include "numerics/codes_avx512.hpp"
#include "numerics/matrix_paths.hpp"

#if defined(__x86_64__)

namespace kiln::numerics {

namespace {

constexpr std::size_t kPrefetch = 16384;  // bytes before the codes in use: measured, bench/numerics_matrix.cpp

KILN_AVX512_INLINE __m512i broadcast(const std::int8_t* four) {
  std::int32_t value = 0;
  std::memcpy(&value, four, 4);
  return _mm512_set1_epi32(value);
}

KILN_AVX512_INLINE __m512i scales_of(const std::uint8_t* scales) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(scales)));
}
/// scale * step of the 16 rows of a panel, for the steps that there are.
struct Scales {
  __m512i of[8];
};
KILN_AVX512_INLINE void scales_of(const std::uint8_t* scales, Scales& out) {
  out.of[1] = scales_of(scales);
  out.of[4] = _mm512_slli_epi32(out.of[1], 2);
  for (std::size_t step = 5; step < 8; ++step) out.of[step] = _mm512_add_epi32(out.of[step - 1], out.of[1]);
}

/// S of 16 rows: the sums of the lower 16 bits of their terms, and of the upper ones. At most 2^14 groups: 32 bits hold
/// them.
struct Sums {
  __m512i low, high;
};
KILN_AVX512_INLINE void clear(Sums& sums) { sums.low = sums.high = _mm512_setzero_si512(); }
KILN_AVX512_INLINE void add_terms(__m512i p, __m512i scale_step, const PreparedBatch::Term& term, Sums& sums) {
  const __m512i product = _mm512_mullo_epi32(p, scale_step);
  const __m512i before = _mm512_srav_epi32(product, _mm512_set1_epi32(term.before));
  const __m512i terms =
      _mm512_srav_epi32(_mm512_add_epi32(before, _mm512_set1_epi32(term.half)), _mm512_set1_epi32(term.after));
  sums.low = _mm512_add_epi32(sums.low, _mm512_and_si512(terms, _mm512_set1_epi32(0xFFFF)));
  sums.high = _mm512_add_epi32(sums.high, _mm512_srai_epi32(terms, 16));
}

/// y of 8 rows: the product of S and the row's scale is rounded once, as row_result() does. In double precision it is
/// rounded to odd, which a second rounding to 24 bits cannot see.
KILN_AVX512_INLINE __m256 finish_8(__m256i low, __m256i high, __m256 row_scales, __m512d unit) {
  const __m512d sum =
      _mm512_add_pd(_mm512_mul_pd(_mm512_cvtepi32_pd(high), _mm512_set1_pd(65536)), _mm512_cvtepi32_pd(low));
  const __m512d scale = _mm512_cvtps_pd(row_scales);
  const __m512d product = _mm512_mul_pd(sum, scale);
  const __m512d rest = _mm512_fmsub_pd(sum, scale, product);  // exact
  const __mmask8 inexact = _mm512_cmp_pd_mask(rest, _mm512_setzero_pd(), _CMP_NEQ_OQ);
  const __mmask8 beyond = _mm512_movepi64_mask(_mm512_castpd_si512(_mm512_xor_pd(rest, product)));
  const __m512i one = _mm512_set1_epi64(1);
  __m512i bits = _mm512_castpd_si512(product);
  bits = _mm512_mask_sub_epi64(bits, static_cast<__mmask8>(inexact & beyond), bits, one);
  bits = _mm512_mask_or_epi64(bits, inexact, bits, one);
  return clean8(_mm512_cvtpd_ps(_mm512_mul_pd(_mm512_castsi512_pd(bits), unit)));
}
KILN_AVX512_INLINE void finish(const Sums& sums, const PanelRows& row_scales, int max_exponent, PanelRows& y) {
  const __m512d unit = _mm512_set1_pd(power_of_two(max_exponent));
  _mm256_storeu_ps(y.data(), finish_8(_mm512_castsi512_si256(sums.low), _mm512_castsi512_si256(sums.high),
                                      _mm256_loadu_ps(row_scales.data()), unit));
  _mm256_storeu_ps(y.data() + 8,
                   finish_8(_mm512_extracti64x4_epi64(sums.low, 1), _mm512_extracti64x4_epi64(sums.high, 1),
                            _mm256_loadu_ps(row_scales.data() + 8), unit));
}

/// One vector: values are used where they are looked up.
template <int Bits, Codebook::Kind Kind>
KILN_AVX512 void one_vector(const MatrixView& matrix, const Codebook& book, std::size_t panel,
                            const PanelRows& row_scales, const PreparedBatch& batch, std::size_t t, PanelRows& y) {
  constexpr std::size_t kGroupBytes = kPanelRows * kGroup / 8 * Bits;
  constexpr std::size_t kChains = 4;  // of vpdpbusd, whose results take 4 cycles
  using Codes = CodesAvx512<Bits, Kind>;
  const Codes values(book);
  const std::size_t groups = matrix.groups();
  const std::byte* codes = matrix.codes.data() + panel * groups * kGroupBytes;
  const std::uint8_t* scales = matrix.scales.data() + panel * groups * kPanelRows;
  Sums sums;
  clear(sums);
  for (std::size_t g = 0; g < groups; ++g, scales += kPanelRows) {
    const std::int8_t* a = batch.codes(g, t);
    const PreparedBatch::Term& term = *batch.terms(g, t);
    __m512i p[kChains] = {_mm512_set1_epi32(term.bias), _mm512_setzero_si512(), _mm512_setzero_si512(),
                          _mm512_setzero_si512()};
    for (std::size_t line = 0; line < kGroupBytes; line += 64) {
      _mm_prefetch(reinterpret_cast<const char*>(codes) + kPrefetch + line, _MM_HINT_T1);
    }
    _mm_prefetch(reinterpret_cast<const char*>(scales) + kPrefetch / 32, _MM_HINT_T1);
#pragma GCC unroll 16
    for (std::size_t j = 0; j < kGroup / 4; j += Codes::kVectors) {
      __m512i w[Codes::kVectors];
      values(codes, w);
#pragma GCC unroll 8
      for (std::size_t i = 0; i < Codes::kVectors; ++i) {
        __m512i& chain = p[(j + i) % kChains];
        chain = _mm512_dpbusd_epi32(chain, w[i], broadcast(a + 4 * (j + i)));
      }
      codes += lines_of_block(Bits) * kLanes;
    }
    const __m512i all = _mm512_add_epi32(_mm512_add_epi32(p[0], p[1]), _mm512_add_epi32(p[2], p[3]));
    add_terms(all, _mm512_mullo_epi32(scales_of(scales), _mm512_set1_epi32(term.step)), term, sums);
  }
  finish(sums, row_scales, batch.max_exponent(t), y);
}

constexpr std::size_t kTogether = 4;  // groups whose values are held at the same time

/// `Count` vectors with the values of `groups` groups, from `vectors` of a batch.
template <std::size_t Count>
KILN_AVX512 void group_products(const __m512i* weights, const Scales* scales, std::size_t groups, std::size_t vectors,
                                const std::int8_t* a, const PreparedBatch::Term* terms, Sums* all) {
  constexpr std::size_t kChains = Count >= 4 ? 1 : 4 / Count;
  Sums sums[Count];
  for (std::size_t t = 0; t < Count; ++t) sums[t] = all[t];
  for (std::size_t g = 0; g < groups; ++g, weights += kGroup / 4, ++scales, a += vectors * kGroup, terms += vectors) {
    __m512i p[Count][kChains];
    for (std::size_t t = 0; t < Count; ++t) {
      p[t][0] = _mm512_set1_epi32(terms[t].bias);
      for (std::size_t i = 1; i < kChains; ++i) p[t][i] = _mm512_setzero_si512();
    }
#pragma GCC unroll 16
    for (std::size_t j = 0; j < kGroup / 4; ++j) {
      const __m512i w = weights[j];
#pragma GCC unroll 8
      for (std::size_t t = 0; t < Count; ++t) {
        __m512i& chain = p[t][j % kChains];
        chain = _mm512_dpbusd_epi32(chain, w, broadcast(a + t * kGroup + 4 * j));
      }
    }
    for (std::size_t t = 0; t < Count; ++t) {
      for (std::size_t i = 1; i < kChains; ++i) p[t][0] = _mm512_add_epi32(p[t][0], p[t][i]);
      add_terms(p[t][0], scales->of[terms[t].step], terms[t], sums[t]);
    }
  }
  for (std::size_t t = 0; t < Count; ++t) all[t] = sums[t];
}

/// Several vectors: the values of a group are looked up once for all of them.
template <int Bits, Codebook::Kind Kind>
KILN_AVX512 void many_vectors(const MatrixView& matrix, const Codebook& book, std::size_t panel,
                              const PanelRows& row_scales, const PreparedBatch& batch, std::size_t first,
                              std::size_t count, PanelRows* y) {
  constexpr std::size_t kGroupBytes = kPanelRows * kGroup / 8 * Bits;
  using Codes = CodesAvx512<Bits, Kind>;
  const Codes values(book);
  const std::size_t groups = matrix.groups();
  const std::byte* codes = matrix.codes.data() + panel * groups * kGroupBytes;
  const std::uint8_t* scales = matrix.scales.data() + panel * groups * kPanelRows;
  Sums sums[kMostVectors];
  for (std::size_t t = 0; t < count; ++t) clear(sums[t]);
  __m512i weights[kTogether * kGroup / 4];
  Scales scaled[kTogether];
  for (std::size_t g = 0; g < groups; g += kTogether) {
    const std::size_t together = std::min(kTogether, groups - g);
    for (std::size_t i = 0; i < together; ++i, scales += kPanelRows) scales_of(scales, scaled[i]);
    for (std::size_t j = 0; j < together * kGroup / 4; j += Codes::kVectors) {
      __m512i w[Codes::kVectors];
      values(codes, w);
      for (std::size_t i = 0; i < Codes::kVectors; ++i) weights[j + i] = w[i];
      codes += lines_of_block(Bits) * kLanes;
    }
    std::size_t t = 0;
    const auto run = [&](auto products) {
      products(weights, scaled, together, batch.size(), batch.codes(g, first + t), batch.terms(g, first + t), sums + t);
    };
    for (; t + 8 <= count; t += 8) run(group_products<8>);
    if (t + 4 <= count) {
      run(group_products<4>);
      t += 4;
    }
    if (t + 2 <= count) {
      run(group_products<2>);
      t += 2;
    }
    if (t < count) run(group_products<1>);
  }
  for (std::size_t t = 0; t < count; ++t) finish(sums[t], row_scales, batch.max_exponent(first + t), y[t]);
}

template <int Bits, Codebook::Kind Kind = Codebook::Kind::Table>
void panel_path(const MatrixView& matrix, const Codebook& book, std::size_t panel, const PanelRows& row_scales,
                const PreparedBatch& batch, std::size_t first, std::size_t count, PanelRows* y) {
  if (count == 1 && batch.size() == 1) return one_vector<Bits, Kind>(matrix, book, panel, row_scales, batch, first, *y);
  many_vectors<Bits, Kind>(matrix, book, panel, row_scales, batch, first, count, y);
}

}  // namespace

void panel_avx512(const MatrixView& matrix, const Codebook& book, std::size_t panel, const PanelRows& row_scales,
                  const PreparedBatch& batch, std::size_t first, std::size_t count, PanelRows* y) {
  using Kind = Codebook::Kind;
  const PanelPath path = matrix.bits == 2              ? panel_path<2>
                         : matrix.bits == 3            ? panel_path<3>
                         : matrix.bits == 4            ? panel_path<4>
                         : matrix.bits == 6            ? panel_path<6>
                         : book.kind == Kind::Biased   ? panel_path<8, Kind::Biased>
                         : book.kind == Kind::Signed   ? panel_path<8, Kind::Signed>
                         : book.kind == Kind::Mirrored ? panel_path<8, Kind::Mirrored>
                                                       : panel_path<8, Kind::Table>;
  path(matrix, book, panel, row_scales, batch, first, count, y);
}

}  // namespace kiln::numerics
#else
namespace kiln::numerics {
void panel_avx512(const MatrixView& matrix, const Codebook& book, std::size_t panel, const PanelRows& row_scales,
                  const PreparedBatch& batch, std::size_t first, std::size_t count, PanelRows* y) {
  panel_scalar(matrix, book, panel, row_scales, batch, first, count, y);
}
}  // namespace kiln::numerics
#endif
