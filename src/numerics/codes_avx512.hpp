// Codes of each width cut out and looked up with AVX-512 (VBMI), 64 byte lanes at a time, as the codebook's values + 128. The
// layout (matrix_paths.hpp) leaves little to do: a byte permute sees the lower 6 bits of an index, and the codebook is
// repeated over its 64 entries, so the bits above a code need not be cleared. Private to matrix_avx512.cpp.
#pragma once

#if defined(__x86_64__)
#include "numerics/avx512.hpp"
#include "numerics/matrix_paths.hpp"

#define KILN_AVX512_INLINE \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni"), always_inline)) inline

namespace kiln::numerics {

/// The vectors of a block. `Kind` matters at 8 bits alone.
template <int Bits, Codebook::Kind Kind = Codebook::Kind::Table>
struct CodesAvx512 {
  static constexpr std::size_t kVectors = vectors_of_block(Bits);
  static constexpr std::size_t kTables = Kind != Codebook::Kind::Table ? 1 : Bits == 8 ? 4 : Bits == 2 ? 3 : 1;
  __m512i tables[kTables];

  KILN_AVX512_INLINE explicit CodesAvx512(const Codebook& book) {
    alignas(64) std::int8_t entries[64];
    for (std::size_t table = 0; table < kTables; ++table) {
      // At 2 bits an index has three codes: each table looks at another one.
      for (std::size_t i = 0; i < 64; ++i) entries[i] = book.entries[Bits == 2 ? i >> 2 * table & 3 : 64 * table + i];
      tables[table] = _mm512_xor_si512(_mm512_load_si512(entries), _mm512_set1_epi8(-128));
    }
  }

  KILN_AVX512_INLINE __m512i of_256(__m512i code) const {
    const __m512i low = _mm512_permutex2var_epi8(tables[0], code, tables[1]);
    const __m512i high = _mm512_permutex2var_epi8(tables[2], code, tables[3]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(code), low, high);
  }

  /// Bits of `a` where the mask has ones, else of `b`.
  KILN_AVX512_INLINE static __m512i select(int mask, __m512i a, __m512i b) {
    return _mm512_ternarylogic_epi32(_mm512_set1_epi8(static_cast<char>(mask)), a, b, 0xCA);
  }

  KILN_AVX512_INLINE void operator()(const std::byte* block, __m512i (&w)[kVectors]) const {
    if constexpr (Bits == 2) {
      const __m512i b = _mm512_loadu_si512(block);
      for (std::size_t i = 0; i < 3; ++i) w[i] = _mm512_permutexvar_epi8(b, tables[i]);
      w[3] = _mm512_permutexvar_epi8(_mm512_srli_epi16(b, 6), tables[0]);
    } else if constexpr (Bits == 3) {
      __m512i spare[3];
      for (std::size_t i = 0; i < 3; ++i) {
        const __m512i b = _mm512_loadu_si512(block + i * kLanes);
        w[2 * i] = _mm512_permutexvar_epi8(b, tables[0]);
        w[2 * i + 1] = _mm512_permutexvar_epi8(_mm512_srli_epi16(b, 4), tables[0]);
        spare[i] = _mm512_srli_epi16(b, static_cast<unsigned>(3 - i));
      }
      const __m512i last = select(0x11, spare[0], select(0x22, spare[1], spare[2]));
      w[6] = _mm512_permutexvar_epi8(last, tables[0]);
      w[7] = _mm512_permutexvar_epi8(_mm512_srli_epi16(last, 4), tables[0]);
    } else if constexpr (Bits == 4) {
      const __m512i b = _mm512_loadu_si512(block);
      w[0] = _mm512_permutexvar_epi8(b, tables[0]);
      w[1] = _mm512_permutexvar_epi8(_mm512_srli_epi16(b, 4), tables[0]);
    } else if constexpr (Bits == 6) {
      __m512i spare[3];
      for (std::size_t i = 0; i < 3; ++i) {
        const __m512i b = _mm512_loadu_si512(block + i * kLanes);
        w[i] = _mm512_permutexvar_epi8(b, tables[0]);
        spare[i] = _mm512_srli_epi16(b, static_cast<unsigned>(6 - 2 * i));
      }
      w[3] = _mm512_permutexvar_epi8(select(0x03, spare[0], select(0x0C, spare[1], spare[2])), tables[0]);
    } else {
      const __m512i code = _mm512_loadu_si512(block);
      const __m512i one = _mm512_set1_epi8(1);
      if constexpr (Kind == Codebook::Kind::Biased) w[0] = _mm512_max_epu8(code, one);
      if constexpr (Kind == Codebook::Kind::Signed)
        w[0] = _mm512_max_epu8(_mm512_xor_si512(code, _mm512_set1_epi8(-128)), one);
      if constexpr (Kind == Codebook::Kind::Mirrored)
        w[0] = _mm512_mask_add_epi8(code, _mm512_cmplt_epu8_mask(code, _mm512_set1_epi8(-128)), code, one);
      if constexpr (Kind == Codebook::Kind::Table) w[0] = of_256(code);
    }
  }
};

}  // namespace kiln::numerics
#endif
