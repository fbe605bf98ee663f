#include "numerics/register_products.hpp"

#if defined(__x86_64__)
#include "numerics/avx2.hpp"
#include "numerics/avx512.hpp"
#endif

namespace kiln::numerics {

#if defined(__x86_64__)
namespace {

// As many chains as hide the time that a result takes, and leave registers for what is multiplied.
constexpr int kChainsOfRegisters = 8;
constexpr std::uint64_t kProductsOfARound = std::uint64_t{1} << 20;

constexpr std::uint64_t steps(std::uint64_t rounds, std::uint64_t lanes) {
  return rounds * (kProductsOfARound / (lanes * kChainsOfRegisters));
}

KILN_AVX512 std::uint64_t registers_avx512(std::uint64_t rounds, std::int32_t& sum) {
  __m512i chains[kChainsOfRegisters];
  for (int i = 0; i < kChainsOfRegisters; ++i) chains[i] = _mm512_setzero_si512();
  const __m512i weights = _mm512_set1_epi8(static_cast<char>(sum | 1));
  const __m512i activations = _mm512_set1_epi8(static_cast<char>(sum | 3));
  const std::uint64_t all = steps(rounds, sizeof(__m512i));
  for (std::uint64_t step = 0; step < all; ++step) {
#pragma GCC unroll 8
    for (int i = 0; i < kChainsOfRegisters; ++i) chains[i] = _mm512_dpbusd_epi32(chains[i], weights, activations);
  }
  for (int i = 1; i < kChainsOfRegisters; ++i) chains[0] = _mm512_add_epi32(chains[0], chains[i]);
  sum = _mm_cvtsi128_si32(_mm512_castsi512_si128(chains[0]));
  return all * sizeof(__m512i) * kChainsOfRegisters;
}

// As instructions, since a compiler makes one product for all chains, and as variables, since it keeps an array in memory.
#define KILN_MULTIPLY_ADD(chain) \
  asm volatile("vpmaddwd %2, %3, %0\n\tvpaddd %0, %1, %1" : "=&x"(two), "+x"(chain) : "x"(weights), "x"(activations))

__attribute__((target("avx2"))) std::uint64_t registers_avx2(std::uint64_t rounds, std::int32_t& sum) {
  const __m256i weights = _mm256_set1_epi16(static_cast<std::int16_t>(sum | 1));
  const __m256i activations = _mm256_set1_epi16(static_cast<std::int16_t>(sum | 3));
  __m256i c0 = _mm256_setzero_si256(), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0, two = c0;
  constexpr std::uint64_t kLanesOfARegister = sizeof(__m256i) / sizeof(std::int16_t);
  const std::uint64_t all = steps(rounds, kLanesOfARegister);
  for (std::uint64_t step = 0; step < all; ++step) {
    KILN_MULTIPLY_ADD(c0);
    KILN_MULTIPLY_ADD(c1);
    KILN_MULTIPLY_ADD(c2);
    KILN_MULTIPLY_ADD(c3);
    KILN_MULTIPLY_ADD(c4);
    KILN_MULTIPLY_ADD(c5);
    KILN_MULTIPLY_ADD(c6);
    KILN_MULTIPLY_ADD(c7);
  }
  for (const __m256i& chain : {c1, c2, c3, c4, c5, c6, c7}) c0 = _mm256_add_epi32(c0, chain);
  sum = _mm_cvtsi128_si32(_mm256_castsi256_si128(c0));
  return all * kLanesOfARegister * kChainsOfRegisters;
}
#undef KILN_MULTIPLY_ADD

}  // namespace

std::uint64_t multiply_registers(Simd simd, std::uint64_t rounds, std::int32_t& sum) {
  if (simd == Simd::Avx512) return registers_avx512(rounds, sum);
  return simd == Simd::Avx2 ? registers_avx2(rounds, sum) : 0;
}
#else
std::uint64_t multiply_registers(Simd /*simd*/, std::uint64_t /*rounds*/, std::int32_t& /*sum*/) { return 0; }
#endif

}  // namespace kiln::numerics
