// What the units' co-simulations share: a small model and chip to begin with, beats of values as bits.
#pragma once

#include <bit>
#include <span>

#include "configurations.hpp"
#include "cosim.hpp"
#include "numerics/matrix.hpp"
#include "support/models.hpp"

namespace kiln::rtl {

inline config::BakeRecipe recipe_of(int bits) {
  config::BakeRecipe recipe;
  recipe.name = "cosim";
  for (auto& format : recipe.formats) format = {bits, config::CodebookKind::Uniform};
  return recipe;
}

/// Values a float of the chip may have, from all of its range: zeros, both ends, and many near 1.
inline float any_element(base::Random& random) {
  const std::uint64_t kind = random.below(16);
  if (kind == 0) return 0.0F;
  std::uint32_t exponent = 100 + static_cast<std::uint32_t>(random.below(60));
  if (kind == 1) exponent = 1 + static_cast<std::uint32_t>(random.below(254));
  if (kind == 2) exponent = random.below(2) == 0 ? 1 : 254;
  const auto fraction = static_cast<std::uint32_t>(random.below(8) == 0 ? 0x7FFFFF : random.next() & 0x7FFFFF);
  return std::bit_cast<float>(static_cast<std::uint32_t>(random.below(2) << 31) | exponent << 23 | fraction);
}

/// A vector as beats of binary32, zeros after its end.
inline void append_elements(std::vector<Bits>& beats, std::span<const float> x, std::uint32_t beat_elements) {
  for (std::size_t first = 0; first < x.size(); first += beat_elements) {
    Bits beat(32 * std::uint64_t{beat_elements});
    for (std::size_t i = first; i < std::min(x.size(), first + beat_elements); ++i)
      beat.set(32 * (i - first), 32, std::bit_cast<std::uint32_t>(x[i]));
    beats.push_back(std::move(beat));
  }
}

/// Runs group `index` of a unit's configurations.
template <class MakeCase>
void run_group(const std::string& unit, std::size_t index, MakeCase make) {
  const std::uint64_t seed = support::test_seed(20261200 + index);
  std::vector<Case> cases;
  for (const Configuration& c : group(unit, index)) {
    cases.push_back(make(c, base::mix(seed, cases.size())));
    std::string name = unit;
    for (const auto& [key, value] : c) name += fmt::format(" {}={}", key, value);
    cases.back().name = name;
  }
  run_in_lock_step(fmt::format("{}-{}", unit, index), cases, seed);
}

/// One ctest entry for each group of a unit's configurations.
#define KILN_COSIM(Suite, file, make)                                                           \
  class Suite##Cosim : public testing::TestWithParam<std::size_t> {};                           \
  TEST_P(Suite##Cosim, IsInLockStepWithItsSystemCModule) { run_group(file, GetParam(), make); } \
  INSTANTIATE_TEST_SUITE_P(Groups, Suite##Cosim, testing::Range<std::size_t>(0, groups(file)))

}  // namespace kiln::rtl
