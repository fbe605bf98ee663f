// Tile arrays: the pass over a tile's inputs, groups cut by tile borders, and the barrier before the start.
#include "chip/timing/tile_array.hpp"

#include <map>
#include <set>

#include "chip/timing/timing_testing.hpp"
#include "support/random_chip.hpp"

namespace kiln::chip {
namespace {

using base::Cycles;
using program::ArrayKind;

struct Shape {
  std::uint32_t rows, columns, inputs_per_cycle, scale_lanes, hidden;
};
TileArray array_of(const program::Placement& placement) { return TileArray(placement, ArrayKind::O); }
program::Placement place(const Shape& s) {
  return placed([&](config::ModelConfig& m, config::ChipConfig& c) {
    m.hidden_size = s.hidden;  // O: q_width = hidden here, so inputs = outputs = hidden
    m.heads = m.kv_heads = 1;
    m.head_dim = s.hidden;
    c.kv.depth_words = 1 << 20;
    c.tile = {"product_select", s.rows, s.columns, s.inputs_per_cycle, s.scale_lanes, 3, {}};
    c.tile.parameters["product_select"] = {{"product_cycles", 2}};
  });
}
void expect_figures(const Shape& shape, std::uint64_t sigma, std::uint64_t pass, std::uint64_t chain) {
  const auto placement = place(shape);
  const TileArray array = array_of(placement);
  EXPECT_EQ(array.scale_cycles(), sigma) << shape.rows;
  EXPECT_EQ(array.pass_cycles(), pass) << shape.rows;
  EXPECT_EQ(array.chain(), chain) << shape.rows;
  EXPECT_EQ(array.cycles(), 2 + pass + sigma * (1 + chain) + 3) << shape.rows;
}

TEST(TileArray, TakesAnInputACycleWhenScalesKeepUp) {
  expect_figures({256, 1024, 1, 32, 4096}, 32, 256, 0);  // 4 segments of 64 > 32
  expect_figures({256, 1024, 2, 32, 4096}, 32, 128, 0);  // 4 segments of 32
  expect_figures({256, 1024, 4, 32, 4096}, 32, 128, 0);  // the scale of a segment takes 32, longer than its 16
  expect_figures({256, 1024, 1, 33, 4096}, 32, 256, 0);  // ceil(1024 / 33) = 32
}

TEST(TileArray, OddTilesCutGroupsAndCarryThem) {
  // 7 inputs: tile 9 holds inputs 63...69, two segments; group 0 ends in tile 9, nine hops.
  expect_figures({7, 128, 1, 128, 128}, 1, 7, 9);
  expect_figures({7, 128, 1, 13, 128}, 10, 20, 9);
  // 31: tile 2 holds 62...92: 2 + 29. Groups 0...63 (tiles 0-2), 64...127 (tiles 2-4).
  expect_figures({31, 128, 1, 128, 128}, 1, 31, 2);
  // 33: tile 1 holds 33...65: 31 + 2; group 1 is in tiles 1, 2 and 3.
  expect_figures({33, 128, 1, 32, 128}, 4, 35, 2);
  // 65: tile 0 holds 64 + 1; tile 1 63 and, of the last group of 130 - 128, 2.
  expect_figures({65, 130, 1, 13, 130}, 10, 74, 1);
}

TEST(TileArray, ATileWiderThanTheArrayScalesOnlyWhatThereIs) { expect_figures({64, 65536, 1, 32, 128}, 4, 64, 0); }

// Counted input by input: a tile works on up to inputs_per_cycle inputs of one group a cycle; after each (part of a)
// group its scales must be through before those of the next begin.
TEST(TileArray, PassAndChainEqualANaiveCountOnRandomShapes) {
  support::RandomConfigs random(support::test_seed(61));
  for (int round = 0; round < 200; ++round) {
    const Shape s{random.pick({7, 31, 33, 65, 1, 64, 100}), random.few(200), random.few(70), random.few(70),
                  2 * random.number(1, 150)};
    const auto placement = place(s);
    const TileArray array = array_of(placement);
    std::map<std::uint32_t, std::map<std::uint32_t, std::uint64_t>> inputs;  // of a tile and group
    std::map<std::uint32_t, std::set<std::uint32_t>> tiles;                  // of a group
    for (std::uint32_t i = 0; i < s.hidden; ++i) {
      ++inputs[i / s.rows][i / 64];
      tiles[i / 64].insert(i / s.rows);
    }
    std::uint64_t pass = 0, chain = 0;
    for (const auto& [tile, groups] : inputs) {
      std::uint64_t cycles = 0;
      for (const auto& [group, count] : groups) {
        std::uint64_t slots = 0;
        for (std::uint64_t left = count; left > 0; left -= std::min<std::uint64_t>(left, s.inputs_per_cycle)) ++slots;
        cycles += std::max(slots, array.scale_cycles());
      }
      pass = std::max(pass, cycles);
    }
    for (const auto& [group, in] : tiles) chain = std::max<std::uint64_t>(chain, in.size() - 1);
    EXPECT_EQ(array.pass_cycles(), pass) << round;
    EXPECT_EQ(array.chain(), chain) << round;
  }
}

TEST(TileArray, StartsACycleBehindItsLastBeatAndEndsAfterT) {
  const auto placement = place({64, 128, 1, 128, 128});
  const TileArray array = array_of(placement);
  Operation operation(0, array.timing(), Cycles(50));
  EXPECT_FALSE(operation.take(Cycles(50)));
  EXPECT_FALSE(operation.all_taken());
  operation.take(Cycles(57));
  EXPECT_TRUE(operation.all_taken());
  EXPECT_EQ(operation.record().start, Cycles(58));
  EXPECT_EQ(operation.result_at(), Cycles(58 + 2 + 64 + 1 + 3));
}

// The chip's tiles are product_select, the LM head's rom_mac and twice as high; qkv only changes its columns.
TEST(TileArray, MayHaveTilesOfItsOwn) {
  const auto placement = placed([](config::ModelConfig&, config::ChipConfig& c) {
    c.tile.rows = 32;
    c.tile.columns = 100;
    auto& head = c.tiles[4].emplace(c.tile);
    head.microarchitecture = "rom_mac";
    head.parameters["rom_mac"] = {{"mac_lanes", 25}, {"read_cycles", 4}, {"multiply_cycles", 5}};
    head.rows = 64;
    c.tiles[0].emplace(c.tile).columns = 50;
  });
  EXPECT_EQ(placement.tile(ArrayKind::O).columns, 100U);
  EXPECT_EQ(placement.array(ArrayKind::O).tiles_over_inputs, 8U);      // 256 inputs
  EXPECT_EQ(placement.array(ArrayKind::Qkv).tiles_over_outputs, 11U);  // 512 outputs
  EXPECT_EQ(placement.array(ArrayKind::LmHead).tiles_over_inputs, 2U);
  EXPECT_EQ(placement.array(ArrayKind::LmHead).cells, 2U * 3U * 64U * 100U);
  // scale_lanes is 32: sigma = 4; product_select: 2 + 32 + 4 * 2 + 2, for a border cuts each group.
  EXPECT_EQ(TileArray(placement, ArrayKind::O).cycles(), 44U);
  EXPECT_EQ(TileArray(placement, ArrayKind::Qkv).cycles(), 2U + 32U + 2U * 2U + 2U);
  // rom_mac: 100 outputs on 25 lanes, four cycles an input: 4 + 5 + 64 * 4 + 4 + 2.
  EXPECT_EQ(TileArray(placement, ArrayKind::LmHead).cycles(), 271U);
  Activity activity;
  TileArray(placement, ArrayKind::O).count(activity);
  EXPECT_EQ(activity.multiply_accumulates, 0U);
  TileArray(placement, ArrayKind::LmHead).count(activity);
  EXPECT_EQ(activity.multiply_accumulates, 128U * 300U);
  EXPECT_EQ(activity.selections, 256U * 128U);
}

TEST(TileArray, CountsScalesOnceAGroup) {
  const auto placement = place({100, 50, 1, 8, 130});
  Activity activity;
  array_of(placement).count(activity);
  EXPECT_EQ(activity.group_scales, 130U * 3U);  // a group that a border cuts takes one scale
}

}  // namespace
}  // namespace kiln::chip
