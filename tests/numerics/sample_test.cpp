// The sampler's draws: the k largest in order, weights against softmax in double, frequencies, the same on every host.
#include "kiln/numerics/sample.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/random.hpp"
#include "numerics/vector_ops.hpp"

namespace kiln::numerics {
namespace {

std::vector<float> random_logits(std::size_t count, std::uint64_t seed) {
  base::Random random(seed);
  std::vector<float> logits(count);
  for (float& x : logits) x = static_cast<float>(random.below(41)) / 4 - 5;  // with equals
  return logits;
}

TEST(Sample, TopKIsTheHeadOfAStableSort) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto logits = random_logits(1 + seed % 60, seed);
    std::vector<std::uint32_t> order(logits.size());
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return logits[a] > logits[b]; });
    for (std::size_t k = 1; k <= kMostCandidates; ++k) {
      const auto best = top_k(logits, k);
      ASSERT_EQ(best.count, std::min(k, logits.size()));
      for (std::size_t i = 0; i < best.count; ++i) {
        EXPECT_EQ(best.ids[i], order[i]) << seed << " " << k;
        EXPECT_EQ(best.logits[i], logits[order[i]]);
      }
    }
  }
}

TEST(Sample, WeightsAreTheSoftmaxAtTheTemperature) {
  for (const double temperature : {0.1, 0.7, 1.0, 2.0}) {
    const auto candidates = top_k(random_logits(50, 7), 8);
    const auto weight = weights(candidates, temperature);
    EXPECT_EQ(weight[0], (1U << 24) - 1);
    for (std::size_t i = 0; i < 8; ++i) {
      const double exact = std::exp((candidates.logits[i] - candidates.logits[0]) / temperature);
      EXPECT_NEAR(weight[i] * 0x1p-24, exact, 2e-7) << i << " " << temperature;
    }
  }
}

TEST(Sample, DrawsAsOftenAsTheWeightsSay) {
  const std::vector<float> logits = {1.0F, 3.0F, 2.0F, -4.0F};
  constexpr int kDraws = 20000;
  std::vector<int> seen(4);
  for (int i = 0; i < kDraws; ++i) ++seen[sample(logits, {1.0, 3, 11}, static_cast<std::uint64_t>(i))];
  const double sum = std::exp(0.0) + std::exp(-1.0) + std::exp(-2.0);
  EXPECT_EQ(seen[3], 0);  // not among the three largest
  const auto expect = [&](std::size_t id, double p) {
    EXPECT_NEAR(seen[id], kDraws * p, 5 * std::sqrt(kDraws * p * (1 - p))) << id;
  };
  expect(1, 1 / sum);
  expect(2, std::exp(-1.0) / sum);
  expect(0, std::exp(-2.0) / sum);
}

TEST(Sample, TemperatureZeroIsGreedyAndOneCandidateToo) {
  const auto logits = random_logits(300, 3);
  for (std::uint64_t position = 0; position < 50; ++position) {
    EXPECT_EQ(sample(logits, {}, position), argmax(logits));
    EXPECT_EQ(sample(logits, {1.5, 1, 9}, position), argmax(logits));
  }
}

// Fixed for good: other draws would change answers that were recorded.
TEST(Sample, TheSeedsDrawsAreTheseEverywhere) {
  const auto logits = random_logits(100, 5);
  std::vector<std::uint32_t> drawn;
  for (std::uint64_t position = 0; position < 8; ++position) drawn.push_back(sample(logits, {1.0, 8, 42}, position));
  EXPECT_EQ(drawn, (std::vector<std::uint32_t>{23, 64, 77, 0, 21, 0, 5, 21}));
  std::vector<std::uint32_t> other;
  for (std::uint64_t position = 0; position < 8; ++position) other.push_back(sample(logits, {1.0, 8, 43}, position));
  EXPECT_EQ(other, (std::vector<std::uint32_t>{90, 0, 5, 5, 77, 77, 21, 90}));
}

}  // namespace
}  // namespace kiln::numerics
