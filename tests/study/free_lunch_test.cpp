// A small adversary (tests/study/long has the whole one): a few keys of `hc1`, none of them free; and one that finds the
// free key where the model forgets to charge for one. And what the cost model once gave away has a price.
#include "support/free_lunch.hpp"

#include <gtest/gtest.h>

#include "support/adversary.hpp"

namespace kiln::test {
namespace {

const FreeLunch& hc1() {
  static const FreeLunch lunch;
  return lunch;
}

const char* const kLanes = "/attention/softmax_lanes";

/// Within 200 W and one per cent more than `hc1`'s area, over the clock and two kinds of lanes.
DesignEvaluator small() { return hc1().search(200, 1.01); }
Found small_hunt(DesignEvaluator& search, std::uint64_t evaluations) {
  return Adversary(search, 1500, {"/clock_mhz", kLanes, "/vector/lanes"}).hunt({{}}, evaluations);
}

TEST(FreeLunch, IsNotFoundByASmallSearch) {
  auto search = small();
  const Found best = small_hunt(search, 30);
  ASSERT_EQ(best.excess, 0);
  EXPECT_GT(best.rate, 1.15 * hc1().base().rate) << "a faster clock for more watts, at least";
  EXPECT_GT(best.power_w, hc1().base().power_w);
  for (const auto& row : hc1().taken_back(search, best)) EXPECT_FALSE(row.free()) << row.keys.front();
}

/// A model that charges nothing for lanes: the same search takes them, and the same test calls them free.
TEST(FreeLunch, IsFoundWhereTheModelForgetsToCharge) {
  auto search = small();
  search.forget(kLanes);
  const Found best = small_hunt(search, 60);
  ASSERT_EQ(best.excess, 0);
  ASSERT_TRUE(best.design.contains(kLanes));
  EXPECT_GT(best.design.at(kLanes), 1024U);
  std::set<std::string> free;
  for (const auto& row : hc1().taken_back(search, best))
    if (row.free() && row.free_by_power() && !hc1().fits(search, best, row.keys.front())) free.insert(row.keys.front());
  EXPECT_EQ(free, std::set<std::string>{kLanes});
}

TEST(FreeLunch, IsSeenWhereThereIsOne) {
  TakenBack row{{"/x"}, 1, 2, -0.01, 0, 0, 0, 0, true, 0};
  EXPECT_TRUE(row.free());
  EXPECT_TRUE(row.free_by_power());
  row.power_w = -0.01;
  EXPECT_TRUE(row.free()) << "slower, and so of fewer watts";
  EXPECT_FALSE(row.free_by_power());
  row.mj = -0.01;
  EXPECT_FALSE(row.free()) << "it gives energy back";
  row = {{"/x"}, 1, 2, -0.01, 0, 0, 0, 0.01, true, 0};
  EXPECT_FALSE(row.free()) << "and slack";
  row = {{"/x"}, 1, 2, -0.01, 0, 0, 0, 0, true, 0.5};
  EXPECT_FALSE(row.free() || row.free_by_power()) << "and tokens of the KV cache";
  row = {{"/x"}, 1, 2, -0.004, 0, 0, 0, 0, true, 0};
  EXPECT_FALSE(row.free()) << "it was worth little";
}

/// Fewer words a cycle from fewer banks: more of them meet. The words were not what was cheap, the banks were.
TEST(FreeLunch, IsNotAKeyThatOnlyFitsAnother) {
  auto search = hc1().search(200);
  const std::string words = "/attention/tokens_parallel";
  const Found found = search.evaluate({{words, 73}, {"/kv/banks", 605}, {"/kv/depth_words", 1302}});
  const auto rows = hc1().taken_back(search, found);
  EXPECT_TRUE(rows.front().free()) << words << " at 96 is slower and larger";
  EXPECT_EQ(hc1().fits(search, found, words), "/kv/banks");
}

/// Without a floorplan a design is as large, and about as fast.
TEST(FreeLunch, ScreeningIsNearTheWholePoint) {
  auto search = hc1().search(200);
  const Design design = {{"/vector/lanes", 320}, {"/clock_mhz", 1100}};
  const Found screened = search.screen(search.evaluate({}), design), whole = search.evaluate(design);
  EXPECT_TRUE(screened.screened);
  EXPECT_FALSE(whole.screened);
  EXPECT_NEAR(screened.area_mm2 / whole.area_mm2, 1, 1e-3);
  EXPECT_NEAR(screened.power_w / whole.power_w, 1, 0.01);
  EXPECT_NEAR(screened.rate / whole.rate, 1, 0.01);
}

/// Ports bought speed for nothing.
TEST(FreeLunch, PortsOfKeysAndValuesTakeAreaAndWatts) {
  auto search = hc1().search(1e9);
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
  auto search = hc1().search(1e9);
  Design short_ones;
  for (const auto& key : config::chip_parameters())
    if (key.pointer.starts_with("/vector/") && key.pointer.ends_with("_cycles")) short_ones[key.pointer] = 1;
  const Found found = search.evaluate(short_ones);
  EXPECT_GT(found.excess, 0);
  EXPECT_GT(found.reasons, 0U);
  EXPECT_EQ(search.point({{"/clock_mhz", 4000}})->verdict.buildable, false);
}

}  // namespace
}  // namespace kiln::test
