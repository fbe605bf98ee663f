// Lists of blocks and what must hold of every floorplan.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "kiln/floorplan/floorplan.hpp"
#include "support/seed.hpp"

namespace kiln::floorplan {

inline std::uint64_t seed() { return support::test_seed(20261); }

inline Block block(program::Unit unit, BlockKind kind, double area, std::uint64_t tiles = 1, std::uint32_t stage = 0) {
  return {std::string(program::name(unit)), unit, kind, stage, area, tiles};
}

/// An 8B model on one stage: 815 mm2 in all with a tenth of white space.
inline std::vector<Block> hc1_like() {
  using program::Unit;
  return {block(Unit::HostLink, BlockKind::Io, 10),           block(Unit::Sequencer, BlockKind::Logic, 0.01),
          block(Unit::EmbeddingRom, BlockKind::Rom, 40, 512), block(Unit::VectorUnit, BlockKind::Logic, 5),
          block(Unit::Attention, BlockKind::Logic, 20),       block(Unit::KvSram, BlockKind::Sram, 170, 512),
          block(Unit::Sampler, BlockKind::Logic, 0.3),        block(Unit::QkvArray, BlockKind::Rom, 53, 3072),
          block(Unit::QkvTree, BlockKind::Logic, 0.6),        block(Unit::OArray, BlockKind::Rom, 36, 2048),
          block(Unit::OTree, BlockKind::Logic, 0.5),          block(Unit::GateUpArray, BlockKind::Rom, 250, 14336),
          block(Unit::GateUpTree, BlockKind::Logic, 1.5),     block(Unit::DownArray, BlockKind::Rom, 125, 7168),
          block(Unit::DownTree, BlockKind::Logic, 0.8),       block(Unit::LmHeadArray, BlockKind::Rom, 35, 2004),
          block(Unit::LmHeadTree, BlockKind::Logic, 0.9)};
}

/// The same model as a pipeline: a stage a layer, and one for the head.
inline std::vector<Block> pipelined(std::uint32_t layers) {
  using program::Unit;
  std::vector<Block> blocks;
  for (const Block& b : hc1_like()) {
    const bool head = b.unit == Unit::LmHeadArray || b.unit == Unit::LmHeadTree || b.unit == Unit::Sampler;
    const bool once = head || program::stageless(b.unit) || b.unit == Unit::EmbeddingRom;
    const bool shared = b.kind == BlockKind::Logic;  // of which every layer has its own
    for (std::uint32_t layer = 0; layer < (once ? 1 : layers); ++layer) {
      Block copy = b;
      copy.stage = head ? layers : layer;
      if (!once) {
        copy.area_mm2 /= shared ? 8 : layers;
        copy.tiles = std::max<std::uint64_t>(1, copy.tiles / layers);
        copy.name += fmt::format("[{}]", layer);
      }
      blocks.push_back(copy);
    }
  }
  blocks.push_back(block(Unit::VectorUnit, BlockKind::Logic, 0.6, 1, layers));
  blocks.back().name += fmt::format("[{}]", layers);
  return blocks;
}

inline double total_area(const std::vector<Block>& blocks) {
  double sum = 0;
  for (const Block& b : blocks) sum += b.area_mm2;
  return sum;
}

inline double aspect(const Rectangle& r) { return std::max(r.width_mm / r.height_mm, r.height_mm / r.width_mm); }

/// Areas are exact, nothing is outside the die or on something else.
inline void expect_sound(const Floorplan& plan, const std::vector<Block>& blocks, double die_mm2) {
  ASSERT_EQ(plan.blocks.size(), blocks.size());
  const double far = std::max(plan.width_mm, plan.height_mm);
  const double hair = 1e-9 * far;
  double sum = plan.white_space_mm2;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const Rectangle& r = plan.blocks[i].place;
    const double area = blocks[i].area_mm2;
    SCOPED_TRACE(fmt::format("{}: {} {} {} {}", blocks[i].name, r.x_mm, r.y_mm, r.width_mm, r.height_mm));
    ASSERT_EQ(plan.blocks[i].block.name, blocks[i].name);
    ASSERT_NEAR(r.width_mm * r.height_mm, area, 1e-12 * area);
    ASSERT_GE(r.x_mm, -hair);
    ASSERT_GE(r.y_mm, -hair);
    ASSERT_LE(r.x_mm + r.width_mm, plan.width_mm + hair);
    ASSERT_LE(r.y_mm + r.height_mm, plan.height_mm + hair);
    for (std::size_t j = 0; j < i; ++j) {
      const Rectangle& o = plan.blocks[j].place;
      const double x = std::min(r.x_mm + r.width_mm, o.x_mm + o.width_mm) - std::max(r.x_mm, o.x_mm);
      const double y = std::min(r.y_mm + r.height_mm, o.y_mm + o.height_mm) - std::max(r.y_mm, o.y_mm);
      ASSERT_FALSE(x > hair && y > hair) << "lies on " << blocks[j].name << " by " << x << " x " << y;
    }
    sum += r.width_mm * r.height_mm;
  }
  ASSERT_NEAR(plan.die_mm2(), die_mm2, 1e-12 * die_mm2);
  ASSERT_NEAR(sum, die_mm2, 1e-9 * die_mm2);
}

}  // namespace kiln::floorplan
