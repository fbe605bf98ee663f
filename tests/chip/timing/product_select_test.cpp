// Product select: a step a cycle; products formed once a tile, one selection a weight.
#include "chip/timing/tile_array.hpp"
#include "chip/timing/timing_testing.hpp"

namespace kiln::chip {
namespace {

config::TileConfig product_select_tile() {
  config::TileConfig t = tile_100_by_50(2, 10);
  t.parameters["product_select"] = {{"product_cycles", 7}};
  return t;
}

TEST(ProductSelect, AStepTakesACycle) {
  const TileSteps steps = tile_kind("product_select").steps(product_select_tile(), 130);
  EXPECT_EQ(steps.beat, 1U);
  EXPECT_EQ(steps.latency, 7U);
}

// sigma = 5. Tile [0, 100): segments of 64 and 36, 32 + 18 steps; tile [100, 130): 28 and 2, 14 and, for the scales, 5.
// The border at 100 cuts a group.
TEST(ProductSelect, TakesTheCyclesOfItsPage) {
  const auto placement = placed_130(product_select_tile());
  const TileArray array(placement, program::ArrayKind::O);
  EXPECT_EQ(array.pass_cycles(), 50U);
  EXPECT_EQ(array.cycles(), 7U + 50U + 5U * 2U + 3U);
}

TEST(ProductSelect, CountsProductsATileAndSelectionsAWeight) {
  const auto placement = placed_130(product_select_tile());
  Activity activity;
  TileArray(placement, program::ArrayKind::O).count(activity);
  Activity expected;
  expected.products = 130U * 3U;  // three columns of tiles, each with its own product banks
  expected.selections = 130U * 130U;
  expected.group_scales = 130U * 3U;
  EXPECT_EQ(activity, expected);
}

}  // namespace
}  // namespace kiln::chip
