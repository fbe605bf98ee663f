// Cycles that overlapping intervals cover, with and without forgetting those that are settled.
#include "chip/timing/intervals.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/random.hpp"
#include "support/seed.hpp"

namespace kiln::chip {
namespace {

using base::Cycles;

/// Intervals in the order of time but for a stretch of `back` cycles; each call adds one.
struct IntervalStream {
  base::Random random;
  std::uint64_t back, now = 0;
  std::pair<std::uint64_t, std::uint64_t> next() {
    now += random.below(12);
    const std::uint64_t first = now - std::min(now, random.below(back + 1));
    return {first, first + random.below(30)};
  }
};

TEST(Intervals, CoverWhatTheyCoverCycleByCycle) {
  const std::uint64_t seed = support::test_seed(303);
  for (std::uint64_t round = 0; round < 12; ++round) {
    IntervalStream stream{base::Random(seed + round), round % 4 * 10};
    Intervals kept, settled;
    std::set<std::uint64_t> cycles;
    for (int i = 0; i < 2000; ++i) {
      const auto [first, last] = stream.next();
      kept.add(Cycles(first), Cycles(last));
      settled.add(Cycles(first), Cycles(last));
      for (std::uint64_t cycle = first; cycle < last; ++cycle) cycles.insert(cycle);
      settled.settle(Cycles(stream.now - std::min(stream.now, stream.back)));
    }
    EXPECT_EQ(kept.covered(), cycles.size()) << "KILN_SEED=" << seed << " round " << round;
    EXPECT_EQ(settled.covered(), cycles.size()) << "KILN_SEED=" << seed << " round " << round;
    const std::uint64_t until = stream.now;
    const auto before = static_cast<std::uint64_t>(std::distance(cycles.begin(), cycles.lower_bound(until)));
    EXPECT_EQ(settled.covered(Cycles(until)), before) << "KILN_SEED=" << seed << " round " << round;
  }
}

TEST(Intervals, SettledOnesAreNotKept) {
  Intervals intervals;
  intervals.add(Cycles(2000000), Cycles(2000010));  // far ahead
  std::size_t most = 0;
  for (std::uint64_t i = 0; i < 100000; ++i) {
    intervals.add(Cycles(10 * i), Cycles(10 * i + 3));
    intervals.settle(Cycles(10 * i));
    most = std::max(most, intervals.kept());
  }
  EXPECT_LT(most, 1000U);
  EXPECT_EQ(intervals.covered(), 300010U);
}

TEST(Intervals, RefuseWhatIsSettled) {
  Intervals intervals;
  for (std::uint64_t i = 0; i < 1000; ++i) intervals.add(Cycles(10 * i), Cycles(10 * i + 3));
  intervals.settle(Cycles(5000));
  EXPECT_THROW(intervals.add(Cycles(4999), Cycles(6000)), base::BugError);
  EXPECT_THROW((void)intervals.covered(Cycles(4999)), base::BugError);
  EXPECT_EQ(intervals.covered(Cycles(5002)), 1502U);
  intervals.clear();
  EXPECT_EQ(intervals.covered(), 0U);
  intervals.add(Cycles(1), Cycles(3));
  EXPECT_EQ(intervals.covered(), 2U);
}

}  // namespace
}  // namespace kiln::chip
