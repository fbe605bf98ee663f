// ROM and multipliers: a ROM row takes its outputs over the lanes.
#include "chip/timing/tile_array.hpp"
#include "chip/timing/timing_testing.hpp"

namespace kiln::chip {
namespace {

config::TileConfig rom_mac_tile() {
  config::TileConfig t = tile_100_by_50(1, 10);
  t.microarchitecture = "rom_mac";
  t.parameters["rom_mac"] = {{"mac_lanes", 16}, {"read_cycles", 4}, {"multiply_cycles", 6}};
  return t;
}

TEST(RomMac, AStepTakesTheOutputsOverTheLanes) {
  const TileSteps steps = tile_kind("rom_mac").steps(rom_mac_tile(), 130);
  EXPECT_EQ(steps.beat, 4U);  // ceil(50 / 16)
  EXPECT_EQ(steps.latency, 4U + 6U);
  EXPECT_EQ(tile_kind("rom_mac").steps(rom_mac_tile(), 33).beat, 3U) << "a tile wider than its array";
  config::TileConfig wide = rom_mac_tile();
  wide.parameters["rom_mac"]["mac_lanes"] = 50;
  EXPECT_EQ(tile_kind("rom_mac").steps(wide, 130).beat, 1U);
  wide.parameters["rom_mac"]["mac_lanes"] = 49;
  EXPECT_EQ(tile_kind("rom_mac").steps(wide, 130).beat, 2U);
}

// sigma = 5. Tile [0, 100): 100 rows of 4 cycles; tile [100, 130): 28 rows of 4 cycles and 2 of 4. The border at 100
// cuts a group.
TEST(RomMac, TakesTheCyclesOfItsPage) {
  const auto placement = placed_130(rom_mac_tile());
  const TileArray array(placement, program::ArrayKind::O);
  EXPECT_EQ(array.pass_cycles(), 400U);
  EXPECT_EQ(array.cycles(), 4U + 6U + 400U + 5U * 2U + 3U);
}

// Three rows at a time: 22 + 12 steps of 4 cycles; lanes then hold three multipliers each.
TEST(RomMac, ReadsSeveralRowsTogether) {
  config::TileConfig t = rom_mac_tile();
  t.inputs_per_cycle = 3;
  const auto placement = placed_130(t);
  EXPECT_EQ(TileArray(placement, program::ArrayKind::O).pass_cycles(), 4U * (22U + 12U));
}

TEST(RomMac, CountsRowsATileAndMultiplicationsAWeight) {
  const auto placement = placed_130(rom_mac_tile());
  Activity activity;
  TileArray(placement, program::ArrayKind::O).count(activity);
  Activity expected;
  expected.rom_rows_read = 130U * 3U;  // three columns of tiles
  expected.multiply_accumulates = 130U * 130U;
  expected.group_scales = 130U * 3U;
  EXPECT_EQ(activity, expected);
}

}  // namespace
}  // namespace kiln::chip
