#include "floorplan_testing.hpp"
#include "kiln/base/result.hpp"

namespace kiln::floorplan {
namespace {

using program::Unit;

constexpr double kPsPerMm = 150;
constexpr std::uint32_t kMhz = 1000;

LinkWire wire(const Floorplan& plan, const std::string& link, double ps = kPsPerMm, std::uint32_t mhz = kMhz) {
  for (LinkWire& w : link_wires(plan, ps, mhz)) {
    if (name(w.link) == link) return w;
  }
  ADD_FAILURE() << link;
  return {};
}

PlacedBlock at(Unit unit, Rectangle place, std::uint64_t tiles = 1, std::uint32_t stage = 0) {
  auto b = block(unit, BlockKind::Logic, place.width_mm * place.height_mm, tiles, stage);
  if (stage > 0) b.name += fmt::format("[{}]", stage);
  return {b, place};
}

/// 10 x 10 mm: vector unit at (5, 5), an array of 2 x 2 tiles of 2 mm on the left, its tree between them.
Floorplan by_hand() {
  Floorplan plan{10, 10, 0, {}};
  plan.blocks = {
      at(Unit::VectorUnit, {4, 4, 2, 2}),  at(Unit::QkvArray, {0, 0, 4, 4}, 4),     at(Unit::QkvTree, {4, 1, 2, 2}),
      at(Unit::Attention, {6, 6, 2, 2}),   at(Unit::EmbeddingRom, {8, 0, 2, 4}, 8), at(Unit::Sequencer, {7, 4, 1, 1}),
      at(Unit::LmHeadArray, {0, 8, 4, 2}), at(Unit::LmHeadTree, {4, 8, 2, 2}),      at(Unit::Sampler, {6, 8, 2, 2})};
  return plan;
}

TEST(LinkWires, AreTheLinksOfTheConfigInItsOrder) {
  std::vector<std::string> names;
  for (const LinkWire& w : link_wires(by_hand(), kPsPerMm, kMhz)) names.emplace_back(name(w.link));
  EXPECT_EQ(names, (std::vector<std::string>{"sequencer_to_embedding", "embedding_to_vector", "vector_to_array",
                                             "array_to_tree", "tree_to_vector", "vector_to_attention",
                                             "attention_to_vector", "tree_to_sampler", "sampler_to_sequencer",
                                             "vector_to_sequencer", "vector_to_vector"}));
}

TEST(LinkWires, BetweenUnits_GoFromCentreToCentre) {
  const auto plan = by_hand();
  EXPECT_DOUBLE_EQ(wire(plan, "vector_to_attention").length_mm, 4);  // (5, 5) to (7, 7)
  EXPECT_DOUBLE_EQ(wire(plan, "attention_to_vector").length_mm, 4);
  EXPECT_DOUBLE_EQ(wire(plan, "tree_to_vector").length_mm, 3);        // (5, 2) to (5, 5); not the LM head's
  EXPECT_DOUBLE_EQ(wire(plan, "tree_to_sampler").length_mm, 2);       // (5, 9) to (7, 9)
  EXPECT_DOUBLE_EQ(wire(plan, "sampler_to_sequencer").length_mm, 5);  // (7, 9) to (7.5, 4.5)
  EXPECT_DOUBLE_EQ(wire(plan, "vector_to_sequencer").length_mm, 3);   // (5, 5) to (7.5, 4.5)
}

TEST(LinkWires, ToATileArray_ReachItsFarthestTile) {
  const auto plan = by_hand();
  const LinkWire broadcast = wire(plan, "vector_to_array");
  EXPECT_DOUBLE_EQ(broadcast.length_mm, 8);  // (5, 5) to the tile at (1, 1)
  EXPECT_EQ(broadcast.from, "vector_unit");
  EXPECT_EQ(broadcast.to, "qkv_array");
  EXPECT_DOUBLE_EQ(wire(plan, "array_to_tree").length_mm, 5);  // (1, 1) or (1, 3) to (5, 2); the LM head's one tile: 3
  // The embedding ROM has 2 x 4 tiles of 1 mm.
  EXPECT_DOUBLE_EQ(wire(plan, "embedding_to_vector").length_mm, 4.5 + 4.5);
  EXPECT_DOUBLE_EQ(wire(plan, "sequencer_to_embedding").length_mm, 2 + 4);
}

TEST(LinkWires, ThatDoNotExist_HaveNoLengthAndOneStage) {
  const LinkWire none = wire(by_hand(), "vector_to_vector");
  EXPECT_EQ(none.length_mm, 0);
  EXPECT_EQ(none.registers, 1U);
  EXPECT_EQ(none.from, "");
  for (const LinkWire& w : link_wires(Floorplan{1, 1, 1, {}}, kPsPerMm, kMhz)) {
    EXPECT_EQ(w.length_mm, 0);
    EXPECT_EQ(w.registers, 1U);
  }
}

TEST(LinkWires, OfSeveralStages_AreThoseOfTheLongest) {
  Floorplan plan{10, 10, 0, {}};
  plan.blocks = {at(Unit::VectorUnit, {0, 0, 2, 2}),       at(Unit::QkvArray, {2, 0, 2, 2}),
                 at(Unit::VectorUnit, {0, 4, 2, 2}, 1, 5), at(Unit::QkvArray, {8, 4, 2, 2}, 1, 5),
                 at(Unit::VectorUnit, {0, 8, 2, 2}, 1, 6), at(Unit::LmHeadArray, {2, 8, 2, 2}, 1, 6),
                 at(Unit::Sequencer, {8, 0, 2, 2})};
  EXPECT_DOUBLE_EQ(wire(plan, "vector_to_array").length_mm, 8);
  EXPECT_EQ(wire(plan, "vector_to_array").to, "qkv_array[5]");
  // Stages 1 to 4 have no vector unit: 0 hands over to 5, 5 to 6.
  EXPECT_DOUBLE_EQ(wire(plan, "vector_to_vector").length_mm, 4);
  // From the last stage with layers, not from the head: (1, 5) to (9, 1).
  EXPECT_DOUBLE_EQ(wire(plan, "vector_to_sequencer").length_mm, 12);
}

TEST(LinkWires, Stages_AreTheCyclesBegun) {
  const auto stages = [](double mm, double ps, std::uint32_t mhz) {
    Floorplan plan{100, 100, 0, {}};
    plan.blocks = {at(Unit::VectorUnit, {0, 0, 0, 0}), at(Unit::Attention, {mm, 0, 0, 0})};
    return wire(plan, "vector_to_attention", ps, mhz).registers;
  };
  EXPECT_EQ(stages(10, 100, 1000), 1U);
  EXPECT_EQ(stages(10.01, 100, 1000), 2U);
  EXPECT_EQ(stages(10, 100, 3000), 3U);
  EXPECT_EQ(stages(0.1 + 0.2, 10000, 1000), 3U);  // 3.0000000000000004 cycles are three
  EXPECT_EQ(stages(3.000001, 1000, 1000), 4U);
  EXPECT_EQ(stages(0, 100, 1000), 1U);
  EXPECT_EQ(stages(10, 0, 1000), 1U);
  EXPECT_EQ(stages(1e300, 100, 10000), 4294967295U);
}

TEST(LinkWires, WhatIsNoTimeOrClock_IsABug) {
  EXPECT_THROW((void)link_wires(by_hand(), -1, kMhz), base::BugError);
  EXPECT_THROW((void)link_wires(by_hand(), std::nan(""), kMhz), base::BugError);
  EXPECT_THROW((void)link_wires(by_hand(), kPsPerMm, 0), base::BugError);
}

TEST(LinkWires, OfAnHc1LikeDie_StayWithinItsHalfPerimeter) {
  const auto plan = place(hc1_like(), 815);
  for (const LinkWire& w : link_wires(plan, kPsPerMm, kMhz)) {
    RecordProperty(std::string(name(w.link)), fmt::format("{:.2f} mm, {} stages", w.length_mm, w.registers));
    EXPECT_LE(w.length_mm, plan.width_mm + plan.height_mm) << name(w.link);
    EXPECT_LE(w.registers, 8U) << name(w.link);
    if (w.link == config::Link::VectorToVector) continue;
    EXPECT_GT(w.length_mm, 0) << name(w.link);
  }
  // The vector unit is near the middle, and by its attention unit.
  EXPECT_LE(wire(plan, "vector_to_array").length_mm, 0.7 * (plan.width_mm + plan.height_mm));
  EXPECT_LE(wire(plan, "vector_to_attention").length_mm, plan.height_mm / 2);
}

TEST(LinkWires, OfAPipeline_StayWithinItsStages) {
  const auto blocks = pipelined(32);
  const auto plan = place(blocks, total_area(blocks) * 1.1);
  const double stage = std::sqrt(plan.die_mm2() / 33);
  for (const LinkWire& w : link_wires(plan, kPsPerMm, kMhz)) {
    RecordProperty(std::string(name(w.link)), fmt::format("{:.2f} mm, {} stages", w.length_mm, w.registers));
  }
  EXPECT_LE(wire(plan, "vector_to_array").length_mm, 3 * stage);
  EXPECT_LE(wire(plan, "tree_to_vector").length_mm, 2 * stage);
  EXPECT_LE(wire(plan, "vector_to_attention").length_mm, 2 * stage);
  EXPECT_LE(wire(plan, "vector_to_vector").length_mm, 3.5 * stage);
}

TEST(TileGrid, HoldsAllTilesInCellsThatAreNearlySquare) {
  SCOPED_TRACE(fmt::format("KILN_SEED={}", seed()));
  base::Random random(seed());
  for (int i = 0; i < 1000; ++i) {
    const PlacedBlock b = at(Unit::OArray, {0, 0, 0.1 + random.unit(), 0.1 + random.unit()}, random.between(1, 20000));
    const TileGrid grid = tile_grid(b);
    ASSERT_GE(grid.columns * grid.rows, b.block.tiles);
    ASSERT_LT(grid.columns * (grid.rows - 1), b.block.tiles);
    if (b.block.tiles < 200) continue;
    const double cell =
        b.place.width_mm / static_cast<double>(grid.columns) * static_cast<double>(grid.rows) / b.place.height_mm;
    ASSERT_GT(cell, 0.5);
    ASSERT_LT(cell, 2);
  }
  EXPECT_EQ(tile_grid(at(Unit::OArray, {0, 0, 0, 0}, 7)).columns, 7U);
}

}  // namespace
}  // namespace kiln::floorplan
