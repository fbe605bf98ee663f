// Percentiles of durations that are not kept as a list: those of the sorted list, to the bit.
#include "host/distribution.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/random.hpp"
#include "support/seed.hpp"

namespace kiln::host {
namespace {

Percentiles of_sorted(std::vector<double> values) {
  Percentiles p;
  p.count = values.size();
  if (values.empty()) return p;
  std::sort(values.begin(), values.end());
  const auto rank = [&](double share) {
    std::size_t place = 1;
    while (static_cast<double>(place) < share * static_cast<double>(values.size())) ++place;
    return values[place - 1];
  };
  for (const double value : values) p.mean += value;
  p.mean /= static_cast<double>(values.size());
  p.p50 = rank(0.5);
  p.p90 = rank(0.9);
  p.p99 = rank(0.99);
  p.largest = values.back();
  return p;
}

Percentiles of_stream(const std::vector<double>& values) {
  Distribution distribution;
  for (const double value : values) distribution.add(value);
  return distribution.percentiles();
}

void expect_same(const std::vector<double>& values, const std::string& what) {
  const auto seen = of_stream(values), expected = of_sorted(values);
  EXPECT_EQ(seen.count, expected.count) << what;
  EXPECT_EQ(seen.mean, expected.mean) << what;
  EXPECT_EQ(seen.p50, expected.p50) << what;
  EXPECT_EQ(seen.p90, expected.p90) << what;
  EXPECT_EQ(seen.p99, expected.p99) << what;
  EXPECT_EQ(seen.largest, expected.largest) << what;
}

TEST(Distribution, PercentilesAreNearestRanks) {
  std::vector<double> values;
  for (int i = 100; i >= 1; --i) values.push_back(i);
  const auto p = of_stream(values);
  EXPECT_EQ(p.count, 100U);
  EXPECT_EQ(p.p50, 50);
  EXPECT_EQ(p.p90, 90);
  EXPECT_EQ(p.p99, 99);
  EXPECT_EQ(p.largest, 100);
  EXPECT_DOUBLE_EQ(p.mean, 50.5);
  EXPECT_EQ(of_stream({}).count, 0U);
  EXPECT_EQ(of_stream({3}).p50, 3);
  EXPECT_EQ(of_stream({3}).p99, 3);
}

TEST(Distribution, HasTheBitsOfTheSortedList) {
  const std::uint64_t seed = support::test_seed(301);
  base::Random random(seed);
  constexpr double kHuge = std::numeric_limits<double>::max() / 1e6, kTiny = std::numeric_limits<double>::denorm_min();
  const std::vector<std::pair<std::string, std::function<double()>>> kinds = {
      {"all distinct", [&] { return random.unit() * 1e6; }},
      {"cycles of a clock", [&] { return static_cast<double>(random.below(400)) / 1004; }},
      {"ties", [&] { return static_cast<double>(random.below(3)); }},
      {"one value", [&] { return 0.1; }},
      {"huge and tiny", [&] { return random.below(2) == 0 ? kHuge * random.unit() : kTiny; }},
      {"falling", [&, next = 1e9]() mutable { return next -= 0.1; }},
  };
  for (const auto& [what, draw] : kinds) {
    for (const std::size_t count : {1U, 2U, 3U, 10U, 100U, 511U, 512U, 513U, 1024U, 5000U, 20000U}) {
      std::vector<double> values(count);
      std::ranges::generate(values, draw);
      expect_same(values, what + ", " + std::to_string(count) + ", KILN_SEED=" + std::to_string(seed));
    }
  }
}

TEST(Distribution, MemoryGrowsWithDistinctValuesAlone) {
  base::Random random(support::test_seed(302));
  Distribution ties, distinct;
  for (int i = 0; i < 100000; ++i) {
    ties.add(static_cast<double>(random.below(50)) / 1004);
    distinct.add(random.unit());
  }
  EXPECT_LT(ties.bytes(), 16384U);
  EXPECT_LT(distinct.bytes(), 100000U * 21);
  EXPECT_GT(distinct.bytes(), 100000U * 8);
}

}  // namespace
}  // namespace kiln::host
