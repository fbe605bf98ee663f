// Attention unit: the cycles of its phases, in one formula and step by step.
#include "chip/attention_unit.hpp"

#include "chip/kv_testing.hpp"

namespace kiln::chip {
namespace {

using base::Cycles;

TEST(AttentionUnit, PhasesFollowEachOther) {
  const auto placement = place(8, 1, 0, 4, 1);
  const AttentionUnit unit(placement);
  Operation operation(6, unit.timing(6, by_shape(placement, 6)), Cycles(100));
  const Burst out = operation.run(Burst(Cycles(100), 8, 1));  // k 2, v 2, q 4 beats; the last at 107
  const std::uint64_t reads = 16 + 32;
  const std::uint64_t scores = 107 + 2 + reads + 3 + 10;
  const std::uint64_t softmax = scores + 3 + 11;  // ceil(4 heads x 6 tokens / 8)
  const std::uint64_t values = softmax + reads + 3 + 12;
  EXPECT_EQ(out.segment(0), (Segment{Cycles(values + 13), 4, 2}));
  EXPECT_EQ(operation.record().start, Cycles(109));
  EXPECT_EQ(operation.timing().conflict_cycles, 64U);
  EXPECT_EQ(unit.write_slots(), 4U);
}

TEST(AttentionUnit, WalkingThroughItsStepsTakesTheSameCycles) {
  const auto placement = place(8, 1, 0, 4, 1);
  const AttentionUnit unit(placement);
  AttentionWalk walk(unit, 6, Cycles(107));
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
