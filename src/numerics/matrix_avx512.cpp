// The product of a matrix with AVX-512 (VNNI, VBMI). A vector of 64 codes: one byte permute spreads its 8 chunks over 8
// lanes, vpmultishiftqb cuts the codes out, a second byte permute looks them up in a codebook + 128 that is repeated
// over 64 entries (so the bits above a code need no mask), vpdpbusd multiplies with the 4 activations they meet.
// PreparedVector::bias takes the + 128 back.
#include <algorithm>
#include <cstring>

#include "numerics/matrix_paths.hpp"

#if defined(__x86_64__)
// gcc 12 takes its own intrinsics' undefined lanes for a mistake.
#pragma GCC diagnostic ignored "-Wuninitialized"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#define KILN_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")))

namespace kiln::numerics {

namespace {

enum class Lookup {
  Table64,   ///< up to 6 bits: one byte permute
  Table256,  ///< 8 bits, any codebook: two byte permutes of 128 entries each
  Biased,    ///< 8 bits, value = max(code, 1) - 128
  Signed,    ///< 8 bits, value = the code as two's complement, -127 for 128
};

/// Entries of the codebook + 128, repeated as often as they fit.
struct Codebook {
  alignas(64) std::uint8_t entries[256];
  Lookup lookup = Lookup::Table64;
};

Codebook make_codebook(const MatrixView& matrix) {
  Codebook book;
  const std::size_t mask = (std::size_t{1} << matrix.bits) - 1;
  for (std::size_t i = 0; i < 256; ++i) book.entries[i] = static_cast<std::uint8_t>(matrix.codebook[i & mask] + 128);
  if (matrix.bits != 8) return book;
  bool biased = true;
  bool twos = true;
  for (std::size_t i = 0; i < 256; ++i) {
    biased = biased && book.entries[i] == std::max<std::size_t>(i, 1);
    twos = twos && book.entries[i] == std::max<std::size_t>(i ^ 0x80, 1);
  }
  book.lookup = biased ? Lookup::Biased : twos ? Lookup::Signed : Lookup::Table256;
  return book;
}

/// The codebook values + 128 of the 16 vectors of a group. One spread serves as many vectors as have their chunks in 8
/// bytes.
template <int Bits, Lookup How>
struct Decoder {
  static constexpr std::size_t kTogether = Bits == 2 ? 4 : Bits <= 4 ? 2 : 1;
  __m512i spread;
  __m512i cut[kTogether];
  __m512i tables[How == Lookup::Table256 ? 4 : 1];

  KILN_AVX512 explicit Decoder(const Codebook& book) {
    alignas(64) std::uint8_t index[64];
    alignas(64) std::uint8_t position[64];
    for (std::size_t lane = 0; lane < 64; ++lane) {
      // Byte lane % 8 of chunk lane / 8: of the first vector, then of the next ones.
      const std::size_t vector = std::min(lane % 8 / Bits, kTogether - 1);
      index[lane] = static_cast<std::uint8_t>((vector * 8 * Bits + lane / 8 * Bits + lane % 8 - vector * Bits) % 64);
    }
    spread = _mm512_load_si512(index);
    for (std::size_t vector = 0; vector < kTogether; ++vector) {
      for (std::size_t lane = 0; lane < 64; ++lane) {
        position[lane] = static_cast<std::uint8_t>((vector * 8 + lane % 8) * Bits % 64);
      }
      cut[vector] = _mm512_load_si512(position);
    }
    for (std::size_t i = 0; i < std::size(tables); ++i) tables[i] = _mm512_load_si512(book.entries + 64 * i);
  }

  /// Vectors j ... j + kTogether - 1 of the group at `codes`.
  KILN_AVX512 inline void operator()(const std::byte* codes, __m512i (&weights)[kTogether]) const {
    if constexpr (Bits == 8) {
      const __m512i code = _mm512_loadu_si512(codes);
      const __m512i one = _mm512_set1_epi8(1);
      if constexpr (How == Lookup::Biased) weights[0] = _mm512_max_epu8(code, one);
      if constexpr (How == Lookup::Signed) {
        weights[0] = _mm512_max_epu8(_mm512_xor_si512(code, _mm512_set1_epi8(-128)), one);
      }
      if constexpr (How == Lookup::Table256) {
        const __m512i low = _mm512_permutex2var_epi8(tables[0], code, tables[1]);
        const __m512i high = _mm512_permutex2var_epi8(tables[2], code, tables[3]);
        weights[0] = _mm512_mask_blend_epi8(_mm512_movepi8_mask(code), low, high);
      }
    } else {
      constexpr __mmask16 kDwords = static_cast<__mmask16>((1U << (std::size_t{2} * Bits * kTogether)) - 1);
      const __m512i packed = kDwords == 0xFFFF ? _mm512_loadu_si512(codes) : _mm512_maskz_loadu_epi32(kDwords, codes);
      const __m512i chunks = _mm512_permutexvar_epi8(spread, packed);
      for (std::size_t i = 0; i < kTogether; ++i) {
        weights[i] = _mm512_permutexvar_epi8(_mm512_multishift_epi64_epi8(cut[i], chunks), tables[0]);
      }
    }
  }
};

constexpr std::size_t kPrefetch = 16384;  // bytes before the codes in use: measured, bench/numerics_matrix.cpp

/// S of one panel for `Batch` vectors: weights are decoded once for all of them.
template <int Bits, Lookup How, std::size_t Batch>
KILN_AVX512 void panel_sums(const MatrixView& matrix, const Codebook& book, std::size_t panel, const PreparedVector* x,
                            PanelSums* sums) {
  constexpr std::size_t kGroupBytes = kPanelRows * kGroup / 8 * Bits;
  constexpr std::size_t kParts = Batch == 1 ? 4 : Batch == 2 ? 2 : 1;  // independent chains of vpdpbusd
  constexpr std::size_t kTogether = Decoder<Bits, How>::kTogether;
  const Decoder<Bits, How> decode(book);
  const std::size_t groups = matrix.groups();
  const std::byte* codes = matrix.codes.data() + panel * groups * kGroupBytes;
  const std::uint8_t* scales = matrix.scales.data() + panel * groups * kPanelRows;
  __m512i low[Batch];   // S of rows 0...7
  __m512i high[Batch];  // S of rows 8...15
  for (std::size_t t = 0; t < Batch; ++t) low[t] = high[t] = _mm512_setzero_si512();
  for (std::size_t g = 0; g < groups; ++g, codes += kGroupBytes, scales += kPanelRows) {
    __m512i p[Batch][kParts];
    for (std::size_t t = 0; t < Batch; ++t) {
      p[t][0] = _mm512_set1_epi32(x[t].bias[g]);
      for (std::size_t part = 1; part < kParts; ++part) p[t][part] = _mm512_setzero_si512();
    }
    if constexpr (Batch <= 2) {
      for (std::size_t line = 0; line < kGroupBytes; line += 64) {
        _mm_prefetch(reinterpret_cast<const char*>(codes) + kPrefetch + line, _MM_HINT_T1);
      }
      _mm_prefetch(reinterpret_cast<const char*>(scales) + kPrefetch / 32, _MM_HINT_T1);
    }
#pragma GCC unroll 16
    for (std::size_t j = 0; j < kGroup / 4; j += kTogether) {
      __m512i weights[kTogether];
      decode(codes + j * 8 * Bits, weights);
#pragma GCC unroll 4
      for (std::size_t i = 0; i < kTogether; ++i) {
#pragma GCC unroll 8
        for (std::size_t t = 0; t < Batch; ++t) {
          std::int32_t four = 0;
          std::memcpy(&four, x[t].codes + g * kGroup + 4 * (j + i), 4);
          __m512i& sum = p[t][(j + i) % kParts];
          sum = _mm512_dpbusd_epi32(sum, weights[i], _mm512_set1_epi32(four));
        }
      }
    }
    const __m512i scale = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(scales)));
    for (std::size_t t = 0; t < Batch; ++t) {
      for (std::size_t part = 1; part < kParts; ++part) p[t][0] = _mm512_add_epi32(p[t][0], p[t][part]);
      const __m512i product = _mm512_mullo_epi32(p[t][0], _mm512_mullo_epi32(scale, _mm512_set1_epi32(x[t].step[g])));
      const TermShift shift(x[t].shift[g]);
      const __m512i below = _mm512_sra_epi32(product, _mm_cvtsi32_si128(shift.below));
      const __m512i term = _mm512_add_epi32(_mm512_sra_epi32(product, _mm_cvtsi32_si128(shift.whole)),
                                            _mm512_and_si512(below, _mm512_set1_epi32(shift.rounds)));
      low[t] = _mm512_add_epi64(low[t], _mm512_cvtepi32_epi64(_mm512_castsi512_si256(term)));
      high[t] = _mm512_add_epi64(high[t], _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(term, 1)));
    }
  }
  for (std::size_t t = 0; t < Batch; ++t) {
    _mm512_storeu_si512(sums[t].data(), low[t]);
    _mm512_storeu_si512(sums[t].data() + 8, high[t]);
  }
}

template <int Bits, Lookup How>
void all_batches(const MatrixView& matrix, const Codebook& book, std::size_t panel, std::span<const PreparedVector> x,
                 PanelSums* sums) {
  std::size_t t = 0;
  for (; t + 8 <= x.size(); t += 8) panel_sums<Bits, How, 8>(matrix, book, panel, &x[t], sums + t);
  for (; t + 4 <= x.size(); t += 4) panel_sums<Bits, How, 4>(matrix, book, panel, &x[t], sums + t);
  for (; t + 2 <= x.size(); t += 2) panel_sums<Bits, How, 2>(matrix, book, panel, &x[t], sums + t);
  if (t < x.size()) panel_sums<Bits, How, 1>(matrix, book, panel, &x[t], sums + t);
}

}  // namespace

void panel_sums_avx512(const MatrixView& matrix, std::size_t panel, std::span<const PreparedVector> x,
                       PanelSums* sums) {
  const Codebook book = make_codebook(matrix);
  switch (matrix.bits) {
    case 2:
      return all_batches<2, Lookup::Table64>(matrix, book, panel, x, sums);
    case 3:
      return all_batches<3, Lookup::Table64>(matrix, book, panel, x, sums);
    case 4:
      return all_batches<4, Lookup::Table64>(matrix, book, panel, x, sums);
    case 6:
      return all_batches<6, Lookup::Table64>(matrix, book, panel, x, sums);
    default:
      break;
  }
  if (book.lookup == Lookup::Biased) return all_batches<8, Lookup::Biased>(matrix, book, panel, x, sums);
  if (book.lookup == Lookup::Signed) return all_batches<8, Lookup::Signed>(matrix, book, panel, x, sums);
  all_batches<8, Lookup::Table256>(matrix, book, panel, x, sums);
}

}  // namespace kiln::numerics
#else
namespace kiln::numerics {
void panel_sums_avx512(const MatrixView& matrix, std::size_t panel, std::span<const PreparedVector> x,
                       PanelSums* sums) {
  panel_sums_scalar(matrix, panel, x, sums);
}
}  // namespace kiln::numerics
#endif
