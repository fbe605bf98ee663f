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

/// S of 16 rows: the sum of their terms modulo 2^32, and of the terms' upper 16 bits. At most 2^14 groups: 32 bits hold that.
struct Sums {
  __m512i all, high;
};
KILN_AVX512_INLINE void clear(Sums& sums) { sums.all = sums.high = _mm512_setzero_si512(); }
template <bool Deep>
KILN_AVX512_INLINE void add_terms(__m512i p, __m512i scale_step, const PreparedBatch::Term& term, Sums& sums) {
  __m512i product = _mm512_mullo_epi32(p, scale_step);
  if constexpr (Deep) product = _mm512_srav_epi32(product, _mm512_set1_epi32(term.before));
  const __m512i terms =
      _mm512_srav_epi32(_mm512_add_epi32(product, _mm512_set1_epi32(term.half)), _mm512_set1_epi32(term.after));
  sums.all = _mm512_add_epi32(sums.all, terms);
  sums.high = _mm512_add_epi32(sums.high, _mm512_srai_epi32(terms, 16));
}
/// The sum of the lower 16 bits of all terms: at most 2^30, so that what was carried out of 32 bits cannot be seen.
KILN_AVX512_INLINE __m512i low_of(const Sums& sums) {
  return _mm512_sub_epi32(sums.all, _mm512_slli_epi32(sums.high, 16));
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
  const __m512i low = low_of(sums);
  _mm256_storeu_ps(y.data(), finish_8(_mm512_castsi512_si256(low), _mm512_castsi512_si256(sums.high),
                                      _mm256_loadu_ps(row_scales.data()), unit));
  _mm256_storeu_ps(y.data() + 8, finish_8(_mm512_extracti64x4_epi64(low, 1), _mm512_extracti64x4_epi64(sums.high, 1),
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
    add_terms<true>(all, _mm512_mullo_epi32(scales_of(scales), _mm512_set1_epi32(term.step)), term, sums);
  }
  finish(sums, row_scales, batch.max_exponent(t), y);
}

constexpr std::size_t kTogether = 4;  // groups whose values are held at the same time

/// What many vectors meet of a panel: the values and the scales of kTogether groups.
struct PanelValues {
  __m512i weights[kTogether * kGroup / 4];
  Scales scales[kTogether];
};

/// `Count` vectors, from `vectors` of a batch, with the values of `groups` groups of `Panels` panels. An activation is
/// loaded once for all panels: loads, one a cycle on a Zen 4, hold up the products else.
template <std::size_t Panels, std::size_t Count, bool Deep>
KILN_AVX512 void group_products(const PanelValues* values, std::size_t groups, std::size_t vectors,
                                const std::int8_t* a, const PreparedBatch::Term* terms, Sums* all) {
  constexpr std::size_t kChains = Panels * Count >= 4 ? 1 : 4 / (Panels * Count);
  Sums sums[Panels][Count];
  for (std::size_t panel = 0; panel < Panels; ++panel)
    for (std::size_t t = 0; t < Count; ++t) sums[panel][t] = all[panel * kMostVectors + t];
  for (std::size_t g = 0; g < groups; ++g, a += vectors * kGroup, terms += vectors) {
    __m512i p[Panels][Count][kChains];
    for (std::size_t t = 0; t < Count; ++t)
      for (std::size_t panel = 0; panel < Panels; ++panel) {
        p[panel][t][0] = _mm512_set1_epi32(terms[t].bias);
        for (std::size_t i = 1; i < kChains; ++i) p[panel][t][i] = _mm512_setzero_si512();
      }
#pragma GCC unroll 16
    for (std::size_t j = 0; j < kGroup / 4; ++j) {
      __m512i w[Panels];
      for (std::size_t panel = 0; panel < Panels; ++panel) w[panel] = values[panel].weights[g * kGroup / 4 + j];
#pragma GCC unroll 8
      for (std::size_t t = 0; t < Count; ++t) {
        const __m512i activations = broadcast(a + t * kGroup + 4 * j);
        for (std::size_t panel = 0; panel < Panels; ++panel) {
          __m512i& chain = p[panel][t][j % kChains];
          chain = _mm512_dpbusd_epi32(chain, w[panel], activations);
        }
      }
    }
    for (std::size_t t = 0; t < Count; ++t)
      for (std::size_t panel = 0; panel < Panels; ++panel) {
        __m512i* sum = p[panel][t];
        for (std::size_t i = 1; i < kChains; ++i) sum[0] = _mm512_add_epi32(sum[0], sum[i]);
        add_terms<Deep>(sum[0], values[panel].scales[g].of[terms[t].step], terms[t], sums[panel][t]);
      }
  }
  for (std::size_t panel = 0; panel < Panels; ++panel)
    for (std::size_t t = 0; t < Count; ++t) all[panel * kMostVectors + t] = sums[panel][t];
}

/// Several vectors: the values of a group are looked up once for all of them.
template <int Bits, Codebook::Kind Kind, std::size_t Panels>
KILN_AVX512 void many_vectors(const MatrixView& matrix, const Codebook& book, std::size_t panel,
                              const PanelRows* row_scales, const PreparedBatch& batch, std::size_t first,
                              std::size_t count, PanelRows* y) {
  constexpr std::size_t kGroupBytes = kPanelRows * kGroup / 8 * Bits;
  using Codes = CodesAvx512<Bits, Kind>;
  const Codes look_up(book);
  const std::size_t groups = matrix.groups();
  const std::byte* codes = matrix.codes.data() + panel * groups * kGroupBytes;
  const std::uint8_t* scales = matrix.scales.data() + panel * groups * kPanelRows;
  Sums sums[Panels * kMostVectors];
  for (Sums& sum : sums) clear(sum);
  PanelValues values[Panels];
  for (std::size_t g = 0; g < groups; g += kTogether) {
    const std::size_t together = std::min(kTogether, groups - g);
    for (std::size_t i = 0; i < Panels; ++i) {
      const std::byte* from = codes + (i * groups + g) * kGroupBytes;
      for (std::size_t k = 0; k < together; ++k)
        scales_of(scales + (i * groups + g + k) * kPanelRows, values[i].scales[k]);
      for (std::size_t j = 0; j < together * kGroup / 4; j += Codes::kVectors) {
        __m512i w[Codes::kVectors];
        look_up(from, w);
        for (std::size_t k = 0; k < Codes::kVectors; ++k) values[i].weights[j + k] = w[k];
        from += lines_of_block(Bits) * kLanes;
      }
      // The next groups arrive while these are multiplied.
      for (std::size_t line = 0; line < kTogether * kGroupBytes; line += 64)
        _mm_prefetch(reinterpret_cast<const char*>(from) + line, _MM_HINT_T1);
    }
    std::size_t t = 0;
    const auto run = [&](auto products) {
      products(values, together, batch.size(), batch.codes(g, first + t), batch.terms(g, first + t), sums + t);
    };
    constexpr std::size_t kMost = 8 / Panels;
    for (; t + kMost <= count; t += kMost)
      run(batch.deep() ? group_products<Panels, kMost, true> : group_products<Panels, kMost, false>);
    if (kMost > 4 && t + 4 <= count) {
      run(batch.deep() ? group_products<Panels, 4, true> : group_products<Panels, 4, false>);
      t += 4;
    }
    if (t + 2 <= count) {
      run(batch.deep() ? group_products<Panels, 2, true> : group_products<Panels, 2, false>);
      t += 2;
    }
    if (t < count) run(batch.deep() ? group_products<Panels, 1, true> : group_products<Panels, 1, false>);
  }
  for (std::size_t i = 0; i < Panels; ++i)
    for (std::size_t t = 0; t < count; ++t)
      finish(sums[i * kMostVectors + t], row_scales[i], batch.max_exponent(first + t), y[i * kMostVectors + t]);
}

template <std::size_t Panels, int Bits, Codebook::Kind Kind = Codebook::Kind::Table>
void panel_path(const MatrixView& matrix, const Codebook& book, std::size_t panel, const PanelRows* row_scales,
                const PreparedBatch& batch, std::size_t first, std::size_t count, PanelRows* y) {
  if (Panels == 1 && count == 1 && batch.size() == 1)
    return one_vector<Bits, Kind>(matrix, book, panel, *row_scales, batch, first, *y);
  many_vectors<Bits, Kind, Panels>(matrix, book, panel, row_scales, batch, first, count, y);
}

template <std::size_t Panels>
PanelPath path_of(int bits, Codebook::Kind kind) {
  using Kind = Codebook::Kind;
  return bits == 2                ? panel_path<Panels, 2>
         : bits == 3              ? panel_path<Panels, 3>
         : bits == 4              ? panel_path<Panels, 4>
         : bits == 6              ? panel_path<Panels, 6>
         : kind == Kind::Biased   ? panel_path<Panels, 8, Kind::Biased>
         : kind == Kind::Signed   ? panel_path<Panels, 8, Kind::Signed>
         : kind == Kind::Mirrored ? panel_path<Panels, 8, Kind::Mirrored>
                                  : panel_path<Panels, 8, Kind::Table>;
}

}  // namespace

void panel_avx512(const MatrixView& matrix, const Codebook& book, std::size_t panel, const PanelRows* row_scales,
                  const PreparedBatch& batch, std::size_t first, std::size_t count, PanelRows* y) {
  path_of<1>(matrix.bits, book.kind)(matrix, book, panel, row_scales, batch, first, count, y);
}

void two_panels_avx512(const MatrixView& matrix, const Codebook& book, std::size_t panel, const PanelRows* row_scales,
                       const PreparedBatch& batch, std::size_t first, std::size_t count, PanelRows* y) {
  path_of<2>(matrix.bits, book.kind)(matrix, book, panel, row_scales, batch, first, count, y);
}

}  // namespace kiln::numerics
#else
namespace kiln::numerics {
void panel_avx512(const MatrixView& matrix, const Codebook& book, std::size_t panel, const PanelRows* row_scales,
                  const PreparedBatch& batch, std::size_t first, std::size_t count, PanelRows* y) {
  panel_scalar(matrix, book, panel, row_scales, batch, first, count, y);
}
void two_panels_avx512(const MatrixView& matrix, const Codebook& book, std::size_t panel, const PanelRows* row_scales,
                       const PreparedBatch& batch, std::size_t first, std::size_t count, PanelRows* y) {
  for (std::size_t i = 0; i < 2; ++i)
    panel_scalar(matrix, book, panel + i, row_scales + i, batch, first, count, y + i * kMostVectors);
}
}  // namespace kiln::numerics
#endif
