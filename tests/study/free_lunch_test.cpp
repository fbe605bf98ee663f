// A small adversary (tests/study/long has the whole one): some eighty designs near `hc1`, and no free key. And what the
// cost model once gave away has a price.
#include "support/free_lunch.hpp"

#include <gtest/gtest.h>

namespace kiln::test {
namespace {

TEST(FreeLunch, IsNotFoundByASmallSearch) {
  const FreeLunch lunch;
  auto search = lunch.search(200, 1500);
  const Found best = search.climb({{"/clock_mhz", 1100}}, 80);
  ASSERT_EQ(best.excess, 0);
  EXPECT_GT(best.rate, lunch.base().rate) << "a faster clock for more watts, at least";
  EXPECT_GT(best.power_w, lunch.base().power_w);
  for (const auto& row : lunch.taken_back(search, best)) EXPECT_FALSE(row.free()) << row.key;
}

TEST(FreeLunch, IsSeenWhereThereIsOne) {
  KeyTakenBack row{"/x", 1, 2, -0.01, 0, 0, 0, 0, true};
  EXPECT_TRUE(row.free());
  row.power_w = -0.01;
  EXPECT_TRUE(row.free()) << "slower, and so of fewer watts";
  row.mj = -0.01;
  EXPECT_FALSE(row.free()) << "it gives energy back";
  row = {"/x", 1, 2, -0.01, 0, 0, 0, 0.01, true};
  EXPECT_FALSE(row.free()) << "and slack";
  row = {"/x", 1, 2, -0.004, 0, 0, 0, 0, true};
  EXPECT_FALSE(row.free()) << "it was worth little";
}

/// Ports bought speed for nothing.
TEST(FreeLunch, PortsOfKeysAndValuesTakeAreaAndWatts) {
  const FreeLunch lunch;
  auto search = lunch.search(1e9, 1);
  const Design few = {{"/kv/banks", 96}, {"/kv/depth_words", 8192}, {"/kv/ports", 1}};
  Design many = few;
  many["/kv/ports"] = 8;
  const Found one = search.evaluate(few), eight = search.evaluate(many);
  EXPECT_GT(eight.rate, 2 * one.rate);
  EXPECT_GT(eight.area_mm2, one.area_mm2 + 100);
  EXPECT_GT(eight.power_w, 1.1 * one.power_w);
}

/// So did latencies of one cycle, and the clock.
TEST(FreeLunch, LatenciesOfOneCycleAndAFastClockCannotBeBuilt) {
  const FreeLunch lunch;
  auto search = lunch.search(1e9, 1);
  Design short_ones;
  for (const auto& key : config::chip_parameters())
    if (key.pointer.starts_with("/vector/") && key.pointer.ends_with("_cycles")) short_ones[key.pointer] = 1;
  EXPECT_GT(search.evaluate(short_ones).excess, 0);
  EXPECT_EQ(search.point(short_ones)->verdict.buildable, false);
  EXPECT_EQ(search.point({{"/clock_mhz", 4000}})->verdict.buildable, false);
}

}  // namespace
}  // namespace kiln::test
