// Attention unit: the cycles of its phases, in one formula and step by step.
#include "chip/timing/attention_unit.hpp"

#include "chip/timing/kv_testing.hpp"

namespace kiln::chip {
namespace {

using base::Cycles;

TEST(AttentionUnit, PhasesFollowEachOther) {
  const auto placement = place(8, 1, 0, 4, 1);
  const AttentionUnit unit(placement);
  Operation operation(6, unit.timing(6, by_shape(placement, 6)), Cycles(100));
  const BeatSchedule out = operation.run(BeatSchedule(Cycles(100), 8, 1));  // k 2, v 2, q 4 beats; the last at 107
  const std::uint64_t reads = 16 + 32;
  const std::uint64_t scores = 107 + 2 + reads + 3 + 10;
  const std::uint64_t softmax = scores + 3 + 11;  // ceil(4 heads x 6 tokens / 8)
  const std::uint64_t values = softmax + reads + 3 + 12;
  EXPECT_EQ(out.segment(0), (Segment{Cycles(values + 13 + 1), 4, 2}));  // c_o = 2
  EXPECT_EQ(operation.record().start, Cycles(109));
  EXPECT_EQ(operation.timing().conflict_cycles, 64U);
  EXPECT_EQ(unit.write_slots(), 4U);
}

TEST(AttentionUnit, WalkingThroughItsStepsTakesTheSameCycles) {
  const auto placement = place(8, 1, 0, 4, 1);
  const AttentionUnit unit(placement);
  AttentionSteps walk(unit, 6, Cycles(107));
  Cycles now;
  std::uint64_t wakes = 0;
  while (!walk.done()) {
    const Cycles next = walk.next();
    EXPECT_GT(next, now);
    now = next;
    ++wakes;
  }
  EXPECT_EQ(now, Cycles(107 + unit.timing(6, by_shape(placement, 6)).latency));
  EXPECT_EQ(wakes, 2U * 16U + 2U);
  EXPECT_EQ(walk.conflict_cycles(), 64U);
}

// Heads of 40 in words of 16 bytes: words of 16, 16 and 8 channels. Two KV heads are 80 channels; the first beat of 64
// has the 3 words of head 0 and 2 of head 1, the second 2. Two banks take 5 words in 3 cycles.
program::Placement narrow(std::uint32_t banks, std::uint32_t input_lanes) {
  return placed([&](config::ModelConfig& m, config::ChipConfig& c) {
    m.head_dim = 40;
    c.kv = {banks, 1, 16, 4096, 3, 2, 0};
    c.attention = {input_lanes, 1, 1, 8, 30, 10, 11, 12, 13};
  });
}

TEST(AttentionUnit, TakesABeatAsFastAsItsWordsAreWritten) {
  EXPECT_EQ(words_of_a_beat(narrow(2, 32)), 5U);
  EXPECT_EQ(AttentionUnit::input_cycles(narrow(5, 64)), 1U);
  EXPECT_EQ(AttentionUnit::input_cycles(narrow(4, 64)), 2U);
  EXPECT_EQ(AttentionUnit::input_cycles(narrow(2, 32)), 3U);
  EXPECT_EQ(AttentionUnit::input_cycles(narrow(2, 16)), 4U);  // its lanes are slower
}

TEST(AttentionUnit, ReadsWhenAllOfTheLastBeatIsWritten) {
  const auto placement = narrow(2, 32);
  const AttentionUnit unit(placement);
  EXPECT_EQ(unit.write_slots(), 4U * 3U);  // 2 beats of k, 2 of v
  const std::uint64_t reads = 2 * 3;       // 2 heads of 3 words, one token
  const OpTiming timing = unit.timing(1, by_shape(placement, 1));
  EXPECT_EQ(timing.start_delay, 2U + 2U);
  EXPECT_EQ(timing.interval, 3U);  // 64 / 30
  const std::uint64_t latency = (2 + 2) + (reads + 3 + 10) + (1 + 11) + (reads + 3 + 12) + (13 + 2);
  EXPECT_EQ(timing.latency, latency);
  AttentionSteps walk(unit, 1, Cycles(50));
  Cycles now;
  while (!walk.done()) now = walk.next();
  EXPECT_EQ(now, Cycles(50 + latency));
}

TEST(AttentionUnit, CountsProductsAndWords) {
  const auto placement = place(8, 1, 0, 4, 1);
  Activity activity;
  AttentionUnit(placement).count(6, by_shape(placement, 6), activity);
  EXPECT_EQ(activity.kv_words_read, 2U * 6U * 8U);
  EXPECT_EQ(activity.kv_words_written, 2U * 8U);
  EXPECT_EQ(activity.kv_conflict_cycles, 64U);
  EXPECT_EQ(activity.score_macs, 4U * 64U * 6U);
  EXPECT_EQ(activity.value_macs, 4U * 64U * 6U);
  EXPECT_EQ(activity.exponentials, 24U);
}

}  // namespace
}  // namespace kiln::chip
