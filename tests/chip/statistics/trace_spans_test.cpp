// A track that several things share at a time: spans come out in order, cut where they overlap, as many cycles as are
// covered. Whole traces against the accounting are tests/trace and tests/chip/systemc.
#include "chip/statistics/trace_spans.hpp"

#include <gtest/gtest.h>

#include <random>

#include "chip/timing/intervals.hpp"
#include "support/seed.hpp"

namespace kiln::chip {
namespace {

using base::Cycles;

Work of_user(std::uint32_t user) {
  Work work;
  work.user = user;
  return work;
}

std::vector<TraceSpan> told(SharedTrack& track, std::uint64_t total) {
  std::vector<TraceSpan> spans;
  track.close(Cycles(total), [&](const TraceSpan& span) { spans.push_back(span); });
  return spans;
}

TEST(SharedTrack, CutsWhatOverlaps) {
  SharedTrack track(program::Unit::Links, std::nullopt, CycleCategory::Wire);
  track.add(Cycles(8), Cycles(12), of_user(1));
  track.add(Cycles(5), Cycles(10), of_user(0));
  const auto spans = told(track, 100);
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0].first, Cycles(5));
  EXPECT_EQ(spans[0].last, Cycles(10));
  EXPECT_EQ(spans[1].first, Cycles(10));
  EXPECT_EQ(spans[1].last, Cycles(12));
}

TEST(SharedTrack, JoinsWhatFollowsWithoutABreak) {
  SharedTrack track(program::Unit::Sequencer, std::nullopt, CycleCategory::Compute);
  track.add(Cycles(3), Cycles(4), of_user(0));
  track.add(Cycles(4), Cycles(6), of_user(0));
  const auto spans = told(track, 100);
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans[0].last, Cycles(6));
}

TEST(SharedTrack, CoversTheCyclesThatIntervalsCount) {
  std::mt19937 random(static_cast<unsigned>(support::test_seed(7)));
  SharedTrack track(program::Unit::Links, std::nullopt, CycleCategory::Wire);
  Intervals intervals;
  for (int i = 0; i < 500; ++i) {
    const std::uint64_t first = random() % 2000;
    const std::uint64_t last = first + 1 + random() % 9;
    track.add(Cycles(first), Cycles(last), of_user(static_cast<std::uint32_t>(random() % 3)));
    intervals.add(Cycles(first), Cycles(last));
  }
  std::uint64_t covered = 0;
  Cycles reached;
  for (const TraceSpan& span : told(track, 1900)) {
    EXPECT_GE(span.first, reached);
    reached = span.last;
    covered += (span.last - span.first).count();
  }
  EXPECT_EQ(covered, intervals.covered(Cycles(1900)));
}

}  // namespace
}  // namespace kiln::chip
