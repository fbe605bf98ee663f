#include "numerics/register_products.hpp"

#if defined(__x86_64__)
#include "numerics/avx2.hpp"
#include "numerics/avx512.hpp"
#endif

namespace kiln::numerics {

#if defined(__x86_64__)
namespace {

// As many chains as hide the time that a result takes, and leave registers for what is multiplied.
constexpr int kChainsOfRegisters = 10;
constexpr std::uint64_t kProductsOfARound = std::uint64_t{1} << 20;

constexpr std::uint64_t steps(std::uint64_t rounds, std::uint64_t lanes) {
  return rounds * (kProductsOfARound / (lanes * kChainsOfRegisters));
}

KILN_AVX512 std::uint64_t registers_avx512(std::uint64_t rounds, std::int32_t& sum) {
  __m512i chains[kChainsOfRegisters];
  for (int i = 0; i < kChainsOfRegisters; ++i) chains[i] = _mm512_set1_epi32(i);
  const __m512i weights = _mm512_set1_epi8(static_cast<char>(sum | 1));
  const __m512i activations = _mm512_set1_epi8(static_cast<char>(sum | 3));
  const std::uint64_t all = steps(rounds, sizeof(__m512i));
  for (std::uint64_t step = 0; step < all; ++step) {
#pragma GCC unroll 10
    for (int i = 0; i < kChainsOfRegisters; ++i) chains[i] = _mm512_dpbusd_epi32(chains[i], weights, activations);
  }
  for (int i = 1; i < kChainsOfRegisters; ++i) chains[0] = _mm512_add_epi32(chains[0], chains[i]);
  sum = _mm_cvtsi128_si32(_mm512_castsi512_si128(chains[0]));
  return all * sizeof(__m512i) * kChainsOfRegisters;
}

__attribute__((target("avx2"))) std::uint64_t registers_avx2(std::uint64_t rounds, std::int32_t& sum) {
  __m256i chains[kChainsOfRegisters];
  for (int i = 0; i < kChainsOfRegisters; ++i) chains[i] = _mm256_set1_epi32(i);
  const __m256i activations = _mm256_set1_epi16(static_cast<std::int16_t>(sum | 3));
  __m256i weights = _mm256_set1_epi16(static_cast<std::int16_t>(sum | 1));
  constexpr std::uint64_t kLanesOfARegister = sizeof(__m256i) / sizeof(std::int16_t);
  const std::uint64_t all = steps(rounds, kLanesOfARegister);
  for (std::uint64_t step = 0; step < all; ++step) {
#pragma GCC unroll 10
    for (int i = 0; i < kChainsOfRegisters; ++i) {
      asm volatile("" : "+x"(weights));  // else one product is made for all
      chains[i] = _mm256_add_epi32(chains[i], _mm256_madd_epi16(weights, activations));
    }
  }
  for (int i = 1; i < kChainsOfRegisters; ++i) chains[0] = _mm256_add_epi32(chains[0], chains[i]);
  sum = _mm_cvtsi128_si32(_mm256_castsi256_si128(chains[0]));
  return all * kLanesOfARegister * kChainsOfRegisters;
}

}  // namespace

std::uint64_t multiply_registers(Simd simd, std::uint64_t rounds, std::int32_t& sum) {
  if (simd == Simd::Avx512) return registers_avx512(rounds, sum);
  return simd == Simd::Avx2 ? registers_avx2(rounds, sum) : 0;
}
#else
std::uint64_t multiply_registers(Simd /*simd*/, std::uint64_t /*rounds*/, std::int32_t& /*sum*/) { return 0; }
#endif

}  // namespace kiln::numerics
