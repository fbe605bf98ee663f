// The product of a matrix with AVX2: values are multiplied as |a| * (c with a's sign), which vpmaddubsw cannot saturate
// because both are at most 127: 2 * 127 * 127 < 2^15.
#include <cstring>

#include "numerics/bits.hpp"
#include "numerics/codes_avx2.hpp"
#include "numerics/matrix_paths.hpp"

#if defined(__x86_64__)

namespace kiln::numerics {

namespace {

constexpr std::size_t kPrefetch = 4096;  // bytes before the codes in use: measured, bench/numerics_matrix.cpp

KILN_AVX2_INLINE __m256i broadcast(const std::int8_t* four) {
  std::int32_t value = 0;
  std::memcpy(&value, four, 4);
  return _mm256_set1_epi32(value);
}

/// A sum that the compiler takes as it is: GCC 12 adds a group's products in a tree, whose 32 leaves go through memory.
KILN_AVX2_INLINE __m256i in_order(__m256i sum) {
  asm("" : "+x"(sum));
  return sum;
}

/// p + the products of 8 rows with 4 inputs.
KILN_AVX2_INLINE __m256i plus_products(__m256i p, __m256i w, __m256i a, __m256i magnitude) {
  const __m256i pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(w, a));
  return in_order(_mm256_add_epi32(p, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1))));
}

/// scale * step of the 16 rows of a panel, for the steps that there are.
struct Scales {
  __m256i of[8][2];
};
KILN_AVX2_INLINE void scales_of(const std::uint8_t* scales, Scales& out) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(scales));
  const __m256i one[2] = {_mm256_cvtepu8_epi32(bytes), _mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8))};
  for (std::size_t half = 0; half < 2; ++half) {
    out.of[1][half] = one[half];
    out.of[4][half] = _mm256_slli_epi32(one[half], 2);
    for (std::size_t step = 5; step < 8; ++step)
      out.of[step][half] = _mm256_add_epi32(out.of[step - 1][half], one[half]);
  }
}

/// S of 8 rows: the sum of their terms modulo 2^32, and of the terms' upper 16 bits. At most 2^14 groups: 32 bits hold that.
struct Sums {
  __m256i all, high;
};
template <bool Deep>
KILN_AVX2_INLINE void add_terms(__m256i p, __m256i scale_step, const PreparedBatch::Term& term, Sums& sums) {
  __m256i product = _mm256_mullo_epi32(p, scale_step);
  if constexpr (Deep) product = _mm256_srav_epi32(product, _mm256_set1_epi32(term.before));
  const __m256i terms =
      _mm256_srav_epi32(_mm256_add_epi32(product, _mm256_set1_epi32(term.half)), _mm256_set1_epi32(term.after));
  sums.all = _mm256_add_epi32(sums.all, terms);
  sums.high = _mm256_add_epi32(sums.high, _mm256_srai_epi32(terms, 16));
}
/// The sum of the lower 16 bits of all terms: at most 2^30, so that what was carried out of 32 bits cannot be seen.
KILN_AVX2_INLINE __m256i low_of(const Sums& sums) {
  return _mm256_sub_epi32(sums.all, _mm256_slli_epi32(sums.high, 16));
}

/// y of 4 rows: the product of S and the row's scale is rounded once, as row_result() does. In double precision it is
/// rounded to odd, which a second rounding to 24 bits cannot see.
KILN_AVX2_INLINE void finish_4(__m128i low, __m128i high, const float* row_scales, __m256d unit, float* y) {
  const __m256d sum =
      _mm256_add_pd(_mm256_mul_pd(_mm256_cvtepi32_pd(high), _mm256_set1_pd(65536)), _mm256_cvtepi32_pd(low));
  const __m256d scale = _mm256_cvtps_pd(_mm_loadu_ps(row_scales));
  const __m256d product = _mm256_mul_pd(sum, scale);
  const __m256d rest = _mm256_fmsub_pd(sum, scale, product);  // exact
  const __m256i inexact = _mm256_castpd_si256(_mm256_cmp_pd(rest, _mm256_setzero_pd(), _CMP_NEQ_OQ));
  const __m256i beyond = _mm256_cmpgt_epi64(_mm256_setzero_si256(), _mm256_castpd_si256(_mm256_xor_pd(rest, product)));
  __m256i bits = _mm256_add_epi64(_mm256_castpd_si256(product), _mm256_and_si256(beyond, inexact));
  bits = _mm256_or_si256(bits, _mm256_and_si256(inexact, _mm256_set1_epi64x(1)));
  const __m128i rounded = _mm_castps_si128(_mm256_cvtpd_ps(_mm256_mul_pd(_mm256_castsi256_pd(bits), unit)));
  // clean()
  const __m128i mask = _mm_set1_epi32(static_cast<int>(kExponentMask));
  const __m128i exponent = _mm_and_si128(rounded, mask);
  const __m128i sign = _mm_and_si128(rounded, _mm_set1_epi32(static_cast<int>(kSignBit)));
  const __m128i largest = _mm_or_si128(sign, _mm_set1_epi32(static_cast<int>(kLargestFinite)));
  const __m128i held = _mm_blendv_epi8(rounded, largest, _mm_cmpeq_epi32(exponent, mask));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(y),
                   _mm_andnot_si128(_mm_cmpeq_epi32(exponent, _mm_setzero_si128()), held));
}
KILN_AVX2_INLINE void finish(const Sums (&sums)[2], const PanelRows& row_scales, int max_exponent, PanelRows& y) {
  const __m256d unit = _mm256_set1_pd(power_of_two(max_exponent));
  for (std::size_t half = 0; half < 2; ++half) {
    const float* scales = row_scales.data() + 8 * half;
    float* to = y.data() + 8 * half;
    const __m256i low = low_of(sums[half]);
    finish_4(_mm256_castsi256_si128(low), _mm256_castsi256_si128(sums[half].high), scales, unit, to);
    finish_4(_mm256_extracti128_si256(low, 1), _mm256_extracti128_si256(sums[half].high, 1), scales + 4, unit, to + 4);
  }
}

/// Adds the products of 16 rows with the 4 inputs of each vector of a block.
struct OneVector {
  const std::int8_t* a;
  const std::int8_t* magnitude;
  __m256i* p;
  KILN_AVX2_INLINE void operator()(std::size_t vector, __m256i w0, __m256i w1) const {
    const __m256i activation = broadcast(a + 4 * vector);
    const __m256i absolute = broadcast(magnitude + 4 * vector);
    p[0] = plus_products(p[0], w0, activation, absolute);
    p[1] = plus_products(p[1], w1, activation, absolute);
  }
};

/// One vector: values are used where they are looked up.
template <int Bits, Codebook::Kind Kind>
KILN_AVX2 void one_vector(const MatrixView& matrix, const Codebook& book, std::size_t panel,
                          const PanelRows& row_scales, const PreparedBatch& batch, std::size_t t, PanelRows& y) {
  constexpr std::size_t kGroupBytes = kPanelRows * kGroup / 8 * Bits;
  using Codes = CodesAvx2<Bits, Kind>;
  const Codes values(book);
  const std::size_t groups = matrix.groups();
  const std::byte* codes = matrix.codes.data() + panel * groups * kGroupBytes;
  const std::uint8_t* scales = matrix.scales.data() + panel * groups * kPanelRows;
  Sums sums[2];
  for (Sums& half : sums) half.all = half.high = _mm256_setzero_si256();
  for (std::size_t g = 0; g < groups; ++g, scales += kPanelRows) {
    const std::int8_t* a = batch.codes(g, t);
    const std::int8_t* magnitude = batch.magnitudes(g);
    __m256i p[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (std::size_t line = 0; line < kGroupBytes; line += 64) {
      _mm_prefetch(reinterpret_cast<const char*>(codes) + kPrefetch + line, _MM_HINT_T0);
    }
    _mm_prefetch(reinterpret_cast<const char*>(scales) + kPrefetch / 32, _MM_HINT_T0);
    OneVector products{a, magnitude, p};
#pragma GCC unroll 16
    for (std::size_t j = 0; j < kGroup / 4; j += Codes::kVectors) {
      values.each(codes, products);
      products.a += 4 * Codes::kVectors;
      products.magnitude += 4 * Codes::kVectors;
      codes += lines_of_block(Bits) * kLanes;
    }
    const PreparedBatch::Term& term = *batch.terms(g, t);
    const __m256i scale = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(scales)));
    const __m256i scale_step = _mm256_mullo_epi16(scale, _mm256_set1_epi16(static_cast<std::int16_t>(term.step)));
    add_terms<true>(p[0], _mm256_cvtepu16_epi32(_mm256_castsi256_si128(scale_step)), term, sums[0]);
    add_terms<true>(p[1], _mm256_cvtepu16_epi32(_mm256_extracti128_si256(scale_step, 1)), term, sums[1]);
  }
  finish(sums, row_scales, batch.max_exponent(t), y);
}

/// `Count` vectors with the 1,024 values of a group, of 16 bits: 2 inputs of 8 rows a register.
template <std::size_t Count, bool Deep>
KILN_AVX2 void group_products(const __m256i* weights, const std::int16_t* a, const Scales& scales,
                              const PreparedBatch::Term* terms, Sums (*sums)[2]) {
  __m256i p[Count][2];
  for (std::size_t t = 0; t < Count; ++t) p[t][0] = p[t][1] = _mm256_setzero_si256();
#pragma GCC unroll 8
  for (std::size_t j = 0; j < kGroup / 2; ++j) {
    const __m256i w0 = weights[2 * j];
    const __m256i w1 = weights[2 * j + 1];
#pragma GCC unroll 4
    for (std::size_t t = 0; t < Count; ++t) {
      std::int32_t two = 0;
      std::memcpy(&two, a + t * kGroup + 2 * j, 4);
      const __m256i activations = _mm256_set1_epi32(two);
      p[t][0] = _mm256_add_epi32(p[t][0], _mm256_madd_epi16(w0, activations));
      p[t][1] = _mm256_add_epi32(p[t][1], _mm256_madd_epi16(w1, activations));
    }
  }
  for (std::size_t t = 0; t < Count; ++t)
    for (std::size_t half = 0; half < 2; ++half)
      add_terms<Deep>(p[t][half], scales.of[terms[t].step][half], terms[t], sums[t][half]);
}

/// Values of 8 rows and 4 inputs as two registers of 16 bits: inputs 0 and 1 of each row, and 2 and 3.
KILN_AVX2_INLINE void widen(__m256i w, __m256i& first, __m256i& second) {
  const __m256i order = _mm256_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15, 0, 1, 4, 5, 8, 9, 12, 13,
                                         2, 3, 6, 7, 10, 11, 14, 15);
  // Quarters 0 and 2 have inputs 0 and 1 of rows 0 to 3 and 4 to 7.
  const __m256i quarters = _mm256_permute4x64_epi64(_mm256_shuffle_epi8(w, order), 0xD8);
  first = _mm256_cvtepi8_epi16(_mm256_castsi256_si128(quarters));
  second = _mm256_cvtepi8_epi16(_mm256_extracti128_si256(quarters, 1));
}

/// Keeps the values of each vector of a block as 16 bits: [pair of inputs][half of the rows].
struct Widened {
  __m256i* to;
  KILN_AVX2_INLINE void operator()(std::size_t vector, __m256i w0, __m256i w1) const {
    widen(w0, to[4 * vector], to[4 * vector + 2]);
    widen(w1, to[4 * vector + 1], to[4 * vector + 3]);
  }
};

/// Several vectors: the values of a group are looked up once for all of them.
template <int Bits, Codebook::Kind Kind>
KILN_AVX2 void many_vectors(const MatrixView& matrix, const Codebook& book, std::size_t panel,
                            const PanelRows& row_scales, const PreparedBatch& batch, std::size_t first,
                            std::size_t count, PanelRows* y) {
  constexpr std::size_t kGroupBytes = kPanelRows * kGroup / 8 * Bits;
  using Codes = CodesAvx2<Bits, Kind>;
  const Codes values(book);
  const std::size_t groups = matrix.groups();
  const std::byte* codes = matrix.codes.data() + panel * groups * kGroupBytes;
  const std::uint8_t* scales = matrix.scales.data() + panel * groups * kPanelRows;
  Sums sums[kMostVectors][2];
  for (std::size_t t = 0; t < count; ++t)
    for (Sums& half : sums[t]) half.all = half.high = _mm256_setzero_si256();
  __m256i weights[kGroup];  // [pair of inputs][half of the rows]
  Scales scaled;
  for (std::size_t g = 0; g < groups; ++g, scales += kPanelRows) {
    scales_of(scales, scaled);
    for (std::size_t j = 0; j < kGroup / 4; j += Codes::kVectors) {
      values.each(codes, Widened{weights + 4 * j});
      codes += lines_of_block(Bits) * kLanes;
    }
    std::size_t t = 0;
    const auto run = [&](auto products) {
      products(weights, batch.words(g, first + t), scaled, batch.terms(g, first + t), sums + t);
    };
    for (; t + 4 <= count; t += 4) run(batch.deep() ? group_products<4, true> : group_products<4, false>);
    if (t + 2 <= count) {
      run(batch.deep() ? group_products<2, true> : group_products<2, false>);
      t += 2;
    }
    if (t < count) run(batch.deep() ? group_products<1, true> : group_products<1, false>);
  }
  for (std::size_t t = 0; t < count; ++t) finish(sums[t], row_scales, batch.max_exponent(first + t), y[t]);
}

template <int Bits, Codebook::Kind Kind = Codebook::Kind::Table>
void panel_path(const MatrixView& matrix, const Codebook& book, std::size_t panel, const PanelRows* row_scales,
                const PreparedBatch& batch, std::size_t first, std::size_t count, PanelRows* y) {
  if (count == 1 && batch.size() == 1)
    return one_vector<Bits, Kind>(matrix, book, panel, *row_scales, batch, first, *y);
  many_vectors<Bits, Kind>(matrix, book, panel, *row_scales, batch, first, count, y);
}

}  // namespace

void panel_avx2(const MatrixView& matrix, const Codebook& book, std::size_t panel, const PanelRows* row_scales,
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
void panel_avx2(const MatrixView& matrix, const Codebook& book, std::size_t panel, const PanelRows* row_scales,
                const PreparedBatch& batch, std::size_t first, std::size_t count, PanelRows* y) {
  panel_scalar(matrix, book, panel, row_scales, batch, first, count, y);
}
}  // namespace kiln::numerics
#endif
