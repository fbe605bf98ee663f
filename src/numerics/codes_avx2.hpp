// Codes of each width cut out and looked up with AVX2, 32 byte lanes at a time. The layout (matrix_paths.hpp) leaves
// little to do: a byte shuffle sees bits 0 to 3 and 7 of an index, so what lies in bits 4 to 6 need not be cleared. Private
// to matrix_avx2.cpp.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>

#include "numerics/matrix_paths.hpp"

#define KILN_AVX2 __attribute__((target("avx2,fma")))
#define KILN_AVX2_INLINE __attribute__((target("avx2,fma"), always_inline)) inline

namespace kiln::numerics {

/// Values of 32 lanes of the vectors of a block. `Kind` matters at 8 bits alone.
template <int Bits, Codebook::Kind Kind = Codebook::Kind::Table>
struct CodesAvx2 {
  static constexpr std::size_t kVectors = vectors_of_block(Bits);
  static constexpr std::size_t kTables = Kind != Codebook::Kind::Table ? 1
                                         : Bits == 8                   ? 16
                                         : Bits == 6                   ? 4
                                         : Bits == 2                   ? 2
                                                                       : 1;
  __m256i tables[kTables];

  KILN_AVX2_INLINE explicit CodesAvx2(const Codebook& book) {
    alignas(16) std::int8_t entries[16];
    for (std::size_t table = 0; table < kTables; ++table) {
      // At 2 bits an index has two codes: one table looks at the lower one, one at the upper.
      for (std::size_t i = 0; i < 16; ++i)
        entries[i] = book.entries[Bits == 2 ? (table == 0 ? i & 3 : i >> 2) : 16 * table + i];
      tables[table] = _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(entries)));
    }
  }

  /// Of 64 entries from `first` on, by bits 0 to 5 of an index whose bit 7 is clear.
  KILN_AVX2_INLINE __m256i of_64(std::size_t first, __m256i index) const {
    const __m256i bit4 = _mm256_slli_epi16(index, 3);
    const __m256i bit5 = _mm256_slli_epi16(index, 2);
    const __m256i low = _mm256_blendv_epi8(_mm256_shuffle_epi8(tables[first], index),
                                           _mm256_shuffle_epi8(tables[first + 1], index), bit4);
    const __m256i high = _mm256_blendv_epi8(_mm256_shuffle_epi8(tables[first + 2], index),
                                            _mm256_shuffle_epi8(tables[first + 3], index), bit4);
    return _mm256_blendv_epi8(low, high, bit5);
  }
  KILN_AVX2_INLINE __m256i of_256(__m256i code) const {
    const __m256i index = _mm256_and_si256(code, _mm256_set1_epi8(0x3F));
    const __m256i bit6 = _mm256_slli_epi16(code, 1);
    const __m256i low = _mm256_blendv_epi8(of_64(0, index), of_64(4, index), bit6);
    const __m256i high = _mm256_blendv_epi8(of_64(8, index), of_64(12, index), bit6);
    return _mm256_blendv_epi8(low, high, code);
  }

  KILN_AVX2_INLINE static __m256i line_of(const std::byte* block, std::size_t i) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + i * kLanes));
  }
  /// take(vector, values of rows 0 to 7, values of rows 8 to 15) for the vectors of the block at `block`, each used before the
  /// next is looked up.
  template <class Take>
  KILN_AVX2_INLINE void each(const std::byte* block, const Take& take) const {
    const std::byte* second = block + 32;
    const __m256i nibble = _mm256_set1_epi8(0x0F);
    if constexpr (Bits == 2) {
      const __m256i b0 = line_of(block, 0);
      const __m256i b1 = line_of(second, 0);
      const __m256i low0 = _mm256_and_si256(b0, nibble);
      const __m256i low1 = _mm256_and_si256(b1, nibble);
      take(0, _mm256_shuffle_epi8(tables[0], low0), _mm256_shuffle_epi8(tables[0], low1));
      take(1, _mm256_shuffle_epi8(tables[1], low0), _mm256_shuffle_epi8(tables[1], low1));
      const __m256i high0 = _mm256_and_si256(_mm256_srli_epi16(b0, 4), nibble);
      const __m256i high1 = _mm256_and_si256(_mm256_srli_epi16(b1, 4), nibble);
      take(2, _mm256_shuffle_epi8(tables[0], high0), _mm256_shuffle_epi8(tables[0], high1));
      take(3, _mm256_shuffle_epi8(tables[1], high0), _mm256_shuffle_epi8(tables[1], high1));
    } else if constexpr (Bits == 3) {
      const __m256i seven = _mm256_set1_epi8(0x77);
      __m256i last0 = _mm256_setzero_si256();  // bits 0 to 2: vector 6; 4 to 6: vector 7
      __m256i last1 = _mm256_setzero_si256();
#pragma GCC unroll 3
      for (std::size_t i = 0; i < 3; ++i) {
        const __m256i b0 = line_of(block, i);
        const __m256i b1 = line_of(second, i);
        const __m256i pair0 = _mm256_and_si256(b0, seven);
        const __m256i pair1 = _mm256_and_si256(b1, seven);
        last0 = _mm256_or_si256(last0, _mm256_srli_epi16(_mm256_xor_si256(b0, pair0), static_cast<int>(3 - i)));
        last1 = _mm256_or_si256(last1, _mm256_srli_epi16(_mm256_xor_si256(b1, pair1), static_cast<int>(3 - i)));
        take(2 * i, _mm256_shuffle_epi8(tables[0], pair0), _mm256_shuffle_epi8(tables[0], pair1));
        take(2 * i + 1, _mm256_shuffle_epi8(tables[0], _mm256_srli_epi16(pair0, 4)),
             _mm256_shuffle_epi8(tables[0], _mm256_srli_epi16(pair1, 4)));
      }
      take(6, _mm256_shuffle_epi8(tables[0], last0), _mm256_shuffle_epi8(tables[0], last1));
      take(7, _mm256_shuffle_epi8(tables[0], _mm256_srli_epi16(last0, 4)),
           _mm256_shuffle_epi8(tables[0], _mm256_srli_epi16(last1, 4)));
    } else if constexpr (Bits == 4) {
      const __m256i b0 = line_of(block, 0);
      const __m256i b1 = line_of(second, 0);
      take(0, _mm256_shuffle_epi8(tables[0], _mm256_and_si256(b0, nibble)),
           _mm256_shuffle_epi8(tables[0], _mm256_and_si256(b1, nibble)));
      take(1, _mm256_shuffle_epi8(tables[0], _mm256_and_si256(_mm256_srli_epi16(b0, 4), nibble)),
           _mm256_shuffle_epi8(tables[0], _mm256_and_si256(_mm256_srli_epi16(b1, 4), nibble)));
    } else if constexpr (Bits == 6) {
      const __m256i six = _mm256_set1_epi8(0x3F);
      __m256i last0 = _mm256_setzero_si256();
      __m256i last1 = _mm256_setzero_si256();
#pragma GCC unroll 3
      for (std::size_t i = 0; i < 3; ++i) {
        const __m256i b0 = line_of(block, i);
        const __m256i b1 = line_of(second, i);
        last0 = _mm256_or_si256(last0, _mm256_srli_epi16(_mm256_andnot_si256(six, b0), static_cast<int>(6 - 2 * i)));
        last1 = _mm256_or_si256(last1, _mm256_srli_epi16(_mm256_andnot_si256(six, b1), static_cast<int>(6 - 2 * i)));
        take(i, of_64(0, _mm256_and_si256(b0, six)), of_64(0, _mm256_and_si256(b1, six)));
      }
      take(3, of_64(0, last0), of_64(0, last1));
    } else {
      take(0, of_byte(line_of(block, 0)), of_byte(line_of(second, 0)));
    }
  }

 private:
  KILN_AVX2_INLINE __m256i of_byte(__m256i code) const {
    const __m256i one = _mm256_set1_epi8(1);
    const __m256i sign = _mm256_set1_epi8(-128);
    if constexpr (Kind == Codebook::Kind::Biased) return _mm256_xor_si256(_mm256_max_epu8(code, one), sign);
    if constexpr (Kind == Codebook::Kind::Signed)
      return _mm256_xor_si256(_mm256_max_epu8(_mm256_xor_si256(code, sign), one), sign);
    if constexpr (Kind == Codebook::Kind::Mirrored) {
      const __m256i value = _mm256_xor_si256(code, sign);
      return _mm256_sub_epi8(value, _mm256_cmpgt_epi8(_mm256_setzero_si256(), value));
    }
    if constexpr (Kind == Codebook::Kind::Table) return of_256(code);
  }
};

}  // namespace kiln::numerics
#endif
