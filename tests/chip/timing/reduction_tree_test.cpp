// Reduction tree: depth, sections as beats, counts.
#include "chip/timing/reduction_tree.hpp"

#include "chip/timing/timing_testing.hpp"

namespace kiln::chip {
namespace {

using base::Cycles;
using config::ChipConfig;
using config::ModelConfig;
using program::ArrayKind;

TEST(ReductionTree, IsAsDeepAsTheFanInAsks) {
  const auto depth = [](std::uint32_t rows, std::uint32_t fan_in) {
    const auto placement = placed([&](ModelConfig&, ChipConfig& c) {
      c.tile.rows = rows;
      c.reduction.fan_in = fan_in;
    });
    return ReductionTree(placement, ArrayKind::Qkv).depth();
  };
  EXPECT_EQ(depth(128, 2), 0U);  // one tile: nothing to add
  EXPECT_EQ(depth(127, 2), 1U);
  EXPECT_EQ(depth(32, 4), 1U);
  EXPECT_EQ(depth(31, 4), 2U);  // five tiles
  EXPECT_EQ(depth(1, 2), 7U);
}

TEST(ReductionTree, SendsSectionsEachRoundedUpToBeats) {
  const auto placement = placed([](ModelConfig& m, ChipConfig& c) {
    m.head_dim = 40;  // k, v: 80 elements = 2 beats; q: 160 = 3
    c.tile.rows = 31;
    c.reduction = {4, 6, 32, 5};
  });
  Operation operation(0, ReductionTree(placement, ArrayKind::Qkv).timing(), Cycles(10));
  const BeatSchedule out = operation.run(BeatSchedule(Cycles(10), 1, 1));
  EXPECT_EQ(out.segment(0), (Segment{Cycles(10 + 2 * 6 + 5 + 1), 7, 2}));
  EXPECT_EQ(output_beats(placement, ArrayKind::GateUp), 6U);
  EXPECT_EQ(output_beats(placement, ArrayKind::LmHead), 5U);
  Activity activity;
  ReductionTree(placement, ArrayKind::Qkv).count(activity);
  EXPECT_EQ(activity.tree_additions, 320U * 4U);
  EXPECT_EQ(activity.row_results, 320U);
}

}  // namespace
}  // namespace kiln::chip
