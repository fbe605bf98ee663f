// Bit serial: eight planes a step; counts compared with counting wire by wire.
#include "chip/timing/tile_array.hpp"
#include "chip/timing/timing_testing.hpp"
#include "support/models.hpp"

namespace kiln::chip {
namespace {

config::TileConfig bit_serial_tile() {
  config::TileConfig t = tile_100_by_50(24, 5);
  t.microarchitecture = "bit_serial";
  t.parameters["bit_serial"] = {{"count_cycles", 4}, {"multiply_cycles", 6}};
  return t;
}

TEST(BitSerial, AStepTakesTheEightBitsOfItsInputs) {
  const TileSteps steps = tile_kind("bit_serial").steps(bit_serial_tile(), 130);
  EXPECT_EQ(steps.beat, 8U);
  EXPECT_EQ(steps.latency, 4U + 6U);
}

// sigma = 10. Tile [0, 100): 64 inputs are 3 steps, 24 cycles; 36 are 2 steps, 16. Tile [100, 130): 28 inputs, 2 steps,
// 16 cycles; 2 inputs, one step of 8 cycles, but their scales take 10. The border at 100 cuts a group.
TEST(BitSerial, TakesTheCyclesOfItsPage) {
  const auto placement = placed_130(bit_serial_tile());
  const TileArray array(placement, program::ArrayKind::O);
  EXPECT_EQ(array.scale_cycles(), 10U);
  EXPECT_EQ(array.pass_cycles(), 40U);
  EXPECT_EQ(array.cycles(), 4U + 6U + 40U + 10U * 2U + 3U);
}

TEST(BitSerial, AWholeGroupACycleTakesEightCyclesAGroup) {
  config::TileConfig t = bit_serial_tile();
  t.rows = 65536;
  t.inputs_per_cycle = 64;
  t.scale_lanes = 50;
  const auto placement = placed_130(t);
  EXPECT_EQ(TileArray(placement, program::ArrayKind::O).cycles(), 4U + 6U + 3U * 8U + 1U + 3U);
}

TEST(BitSerial, CountsPlanesBitsAndConstantMultiplications) {
  const auto placement = placed_130(bit_serial_tile(), 3);
  const TileArray array(placement, program::ArrayKind::O);
  EXPECT_EQ(array.segments(), 4U);
  Activity activity;
  array.count(activity);
  Activity expected;
  expected.plane_bits = 8U * 130U * 3U;                // into each of three columns of tiles
  expected.counted_bits = 8U * 130U * 130U;            // eight a weight
  expected.constant_multiplications = 4U * 130U * 8U;  // 64 + 36 + 28 + 2 inputs, 130 outputs, 2^3 values
  expected.group_scales = 130U * 3U;
  EXPECT_EQ(activity, expected);
}

// q at 4 bits, k and v at 6, in one array: each output multiplies by its own codebook.
TEST(BitSerial, ConstantMultiplicationsFollowTheCodeWidthOfEachMatrix) {
  config::ModelConfig m = support::model_of({"mixed", 100, 64, 1, 2, 1, 10, 40, 16});
  config::ChipConfig c;
  c.tile = bit_serial_tile();
  config::BakeRecipe recipe;
  for (auto& format : recipe.formats) format.bits = 6;
  recipe.formats[static_cast<std::size_t>(config::TensorClass::Q)].bits = 4;
  const auto placement = program::Placement::create(m, recipe, c);
  ASSERT_TRUE(placement.ok());
  Activity activity;
  TileArray(*placement, program::ArrayKind::Qkv).count(activity);
  EXPECT_EQ(activity.constant_multiplications, 2U * (20U * 16U + 20U * 64U));  // 64 + 36 inputs
}

}  // namespace
}  // namespace kiln::chip
