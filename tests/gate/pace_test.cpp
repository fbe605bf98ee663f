// When a program is slower than another one, by the ratios of rounds.
#include "gate/pace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.hpp"

namespace kiln::gate {
namespace {

/// Rounds of a machine on which one takes up to a third more now and then.
std::vector<double> rounds(double ratio, std::uint64_t seed) {
  base::Random random(seed);
  std::vector<double> all;
  for (int i = 0; i < 32; ++i)
    all.push_back(std::log(ratio) + 0.06 * (random.unit() - 0.5) +
                  (random.below(8) == 0 ? 0.3 * (random.unit() - 0.5) : 0));
  return all;
}

TEST(Paces, ATwentyPerCentSlowerProgramIsFoundAndTheSameOneIsNot) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    EXPECT_FALSE(pace_of(rounds(1.0, seed)).slower()) << seed;
    EXPECT_TRUE(pace_of(rounds(1.2, seed)).slower()) << seed;
  }
}

TEST(Paces, AreBoundedByCountingRounds) {
  // Of 14 coins all fall the same way in 6 of 100,000 cases, of 20 all but two in 20 of 100,000.
  const auto counted = [](std::size_t rounds) {
    std::vector<double> all;
    for (std::size_t i = rounds; i-- > 0;) all.push_back(static_cast<double>(i));
    const auto pace = pace_of(all);
    EXPECT_NEAR(std::log(pace.low) + std::log(pace.high), static_cast<double>(rounds - 1), 1e-9);
    return std::log(pace.low);
  };
  EXPECT_NEAR(counted(14), 0, 1e-12);
  EXPECT_NEAR(counted(20), 1, 1e-12);
  EXPECT_NEAR(counted(100), 31, 1e-12);
}

}  // namespace
}  // namespace kiln::gate
