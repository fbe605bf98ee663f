#include <gmock/gmock.h>

#include <limits>

#include "floorplan/slicing.hpp"
#include "floorplan_testing.hpp"
#include "kiln/base/result.hpp"

namespace kiln::floorplan {
namespace {

using program::Unit;

std::vector<Block> random_blocks(base::Random& random) {
  std::vector<Block> blocks;
  const std::uint64_t count = random.between(1, 40);
  const std::uint64_t stages = random.between(1, 5);
  const double spread = static_cast<double>(random.between(0, 8));
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto unit = static_cast<Unit>(random.below(program::kUnits));
    const auto kind = static_cast<BlockKind>(random.below(4));
    const double area = random.below(20) == 0 ? 0 : 10 * std::pow(10.0, -spread * random.unit());
    blocks.push_back(
        block(unit, kind, area, random.between(1, 5000), static_cast<std::uint32_t>(random.below(stages))));
    blocks.back().name += fmt::format("#{}", i);
  }
  return blocks;
}

void expect_same(const Floorplan& a, const Floorplan& b) {
  ASSERT_EQ(a.blocks.size(), b.blocks.size());
  for (std::size_t i = 0; i < a.blocks.size(); ++i) {
    EXPECT_EQ(a.blocks[i].place.x_mm, b.blocks[i].place.x_mm);
    EXPECT_EQ(a.blocks[i].place.y_mm, b.blocks[i].place.y_mm);
    EXPECT_EQ(a.blocks[i].place.width_mm, b.blocks[i].place.width_mm);
    EXPECT_EQ(a.blocks[i].place.height_mm, b.blocks[i].place.height_mm);
  }
}

TEST(Place, RandomBlocks_LieOnTheDieWithoutOverlap_AndTheirAreasAddUp) {
  SCOPED_TRACE(fmt::format("KILN_SEED={}", seed()));
  base::Random random(seed());
  for (int i = 0; i < 200; ++i) {
    SCOPED_TRACE(i);
    const auto blocks = random_blocks(random);
    const double used = std::max(total_area(blocks), 1e-3);
    const double die = used * (random.below(3) == 0 ? 1.0 : 1 + random.unit());
    expect_sound(place(blocks, die), blocks, die);
    if (HasFatalFailure()) return;
  }
}

TEST(Place, TheSameBlocks_GiveTheSamePlaces) {
  expect_same(place(hc1_like(), 815), place(hc1_like(), 815));
  expect_same(place(pipelined(32), 900), place(pipelined(32), 900));
}

TEST(Place, Hc1LikeDie_HasTheVectorUnitInsideAndNoSlivers) {
  const auto plan = place(hc1_like(), 815);
  expect_sound(plan, hc1_like(), 815);
  for (const PlacedBlock& b : plan.blocks) {
    EXPECT_LE(aspect(b.place), kMaxAspect + 1e-9) << b.block.name;
    if (b.block.unit != Unit::VectorUnit) continue;
    const double x = (b.place.x_mm + b.place.width_mm / 2) / plan.width_mm;
    const double y = (b.place.y_mm + b.place.height_mm / 2) / plan.height_mm;
    EXPECT_THAT(x, testing::AllOf(testing::Gt(0.2), testing::Lt(0.8)));
    EXPECT_THAT(y, testing::AllOf(testing::Gt(0.2), testing::Lt(0.8)));
  }
}

TEST(Place, IoBlocks_LieAtTheDiesEdge) {
  for (const auto& blocks : {hc1_like(), pipelined(32)}) {
    const double die = total_area(blocks) * 1.1;
    const auto plan = place(blocks, die);
    for (const PlacedBlock& b : plan.blocks) {
      if (b.block.kind != BlockKind::Io) continue;
      EXPECT_NEAR(std::min(b.place.x_mm, b.place.y_mm), 0, 1e-9) << b.block.name;
    }
  }
}

TEST(Place, Stages_AreCompactAndFollowEachOther) {
  const auto blocks = pipelined(32);
  const double die = total_area(blocks) * 1.1;
  const auto plan = place(blocks, die);
  expect_sound(plan, blocks, die);
  std::vector<Rectangle> around(33);
  std::vector<bool> known(33, false);
  for (const PlacedBlock& b : plan.blocks) {
    if (b.block.area_mm2 <= 0) continue;
    Rectangle& r = around[b.block.stage];
    if (!known[b.block.stage]) {
      r = b.place;
      known[b.block.stage] = true;
      continue;
    }
    const double right = std::max(r.x_mm + r.width_mm, b.place.x_mm + b.place.width_mm);
    const double bottom = std::max(r.y_mm + r.height_mm, b.place.y_mm + b.place.height_mm);
    r.x_mm = std::min(r.x_mm, b.place.x_mm);
    r.y_mm = std::min(r.y_mm, b.place.y_mm);
    r.width_mm = right - r.x_mm;
    r.height_mm = bottom - r.y_mm;
  }
  for (std::size_t s = 0; s < around.size(); ++s) {
    EXPECT_LE(aspect(around[s]), 4) << s;
    if (s == 0) continue;
    // Neighbours: less than their own sizes apart.
    const Rectangle &a = around[s - 1], &b = around[s];
    EXPECT_LE(std::max(a.x_mm, b.x_mm), std::min(a.x_mm + a.width_mm, b.x_mm + b.width_mm) + 1) << s;
    EXPECT_LE(std::max(a.y_mm, b.y_mm), std::min(a.y_mm + a.height_mm, b.y_mm + b.height_mm) + 1) << s;
  }
}

TEST(Place, Die_IsSquareWhereTheReticleAllows) {
  const auto size = [](double die) {
    const auto plan = place({}, die);
    return std::pair(plan.width_mm, plan.height_mm);
  };
  EXPECT_EQ(size(100), std::pair(10.0, 10.0));
  EXPECT_EQ(size(676), std::pair(26.0, 26.0));
  EXPECT_EQ(size(858), std::pair(33.0, 26.0));
  EXPECT_DOUBLE_EQ(size(780).first, 30);
  EXPECT_EQ(size(900), std::pair(30.0, 30.0));  // no reticle takes it: its price says so
}

TEST(Place, OneBlock_FillsItsDie) {
  const auto plan = place({block(Unit::DownArray, BlockKind::Rom, 100, 10)}, 100);
  EXPECT_DOUBLE_EQ(plan.blocks[0].place.width_mm, 10);
  EXPECT_DOUBLE_EQ(plan.blocks[0].place.height_mm, 10);
  EXPECT_EQ(plan.white_space_mm2, 0);
}

TEST(Place, NoBlocks_LeaveTheDieWhite) {
  const auto plan = place({}, 50);
  EXPECT_TRUE(plan.blocks.empty());
  EXPECT_EQ(plan.white_space_mm2, 50);
}

TEST(Place, BlocksWithoutArea_ArePoints) {
  const std::vector<Block> blocks = {block(Unit::Sequencer, BlockKind::Logic, 0),
                                     block(Unit::QkvArray, BlockKind::Rom, 10, 4),
                                     block(Unit::Sampler, BlockKind::Logic, 0, 1, 3)};
  const auto plan = place(blocks, 11);
  expect_sound(plan, blocks, 11);
  EXPECT_EQ(plan.blocks[0].place.width_mm, 0);
  const std::vector<Block> nothing = {block(Unit::Sequencer, BlockKind::Logic, 0),
                                      block(Unit::Lora, BlockKind::Sram, 0)};
  expect_sound(place(nothing, 1), nothing, 1);
}

TEST(Place, ABlockOfAMillionth_KeepsItsShapeWhereThereIsWhiteSpace) {
  const std::vector<Block> blocks = {block(Unit::DownArray, BlockKind::Rom, 400, 100),
                                     block(Unit::VectorUnit, BlockKind::Logic, 4e-4),
                                     block(Unit::DownTree, BlockKind::Logic, 4e-4)};
  const auto plan = place(blocks, 420);
  expect_sound(plan, blocks, 420);
  for (const PlacedBlock& b : plan.blocks) EXPECT_LE(aspect(b.place), kReticleWidthMm / kReticleHeightMm + 3);
  const auto tight = place(blocks, total_area(blocks));
  expect_sound(tight, blocks, total_area(blocks));
}

TEST(Place, ADieThatIsMostlyWhite_KeepsItsBlocksTogether) {
  const auto plan = place(hc1_like(), 1e6);
  expect_sound(plan, hc1_like(), 1e6);
}

TEST(Place, ThousandStages) {
  std::vector<Block> blocks;
  for (std::uint32_t s = 0; s < 1000; ++s) {
    blocks.push_back(block(Unit::VectorUnit, BlockKind::Logic, 0.1 + 0.001 * (s % 3), 1, 7 * s));
    blocks.push_back(block(Unit::DownArray, BlockKind::Rom, 0.5, 3, 7 * s));
  }
  expect_sound(place(blocks, 700), blocks, 700);
}

TEST(Place, WhatCannotBeADie_IsABug) {
  const std::vector<Block> one = {block(Unit::Sampler, BlockKind::Logic, 2)};
  EXPECT_THROW((void)place(one, 1), base::BugError);
  EXPECT_THROW((void)place(one, std::numeric_limits<double>::infinity()), base::BugError);
  EXPECT_THROW((void)place({}, 0), base::BugError);
  EXPECT_THROW((void)place({block(Unit::Sampler, BlockKind::Logic, -1)}, 1), base::BugError);
  EXPECT_THROW((void)place({block(Unit::Sampler, BlockKind::Logic, std::nan(""))}, 1), base::BugError);
}

}  // namespace
}  // namespace kiln::floorplan
