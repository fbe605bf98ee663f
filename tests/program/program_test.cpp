// The dataflow's shapes and the placement's geometry, against figures worked out by hand.
#include <gtest/gtest.h>

#include "kiln/base/result.hpp"
#include "kiln/program/dataflow.hpp"
#include "kiln/program/placement.hpp"
#include "support/models.hpp"

namespace kiln::program {
namespace {

using support::llama_8b;

TEST(Dataflow, EveryOperationReadsWhatTheOneBeforeItWrote) {
  const Dataflow flow(llama_8b());
  for (const bool with_logits : {false, true}) {
    const auto& ops = flow.token(with_logits);
    for (std::size_t i = 1; i < ops.size(); ++i) {
      if (ops[i].elements_in == 0) continue;
      EXPECT_EQ(ops[i].elements_in, ops[i - 1].elements_out) << i;
    }
  }
}

TEST(Dataflow, HasSixteenOperationsALayerAndTheHeadOnlyForLogits) {
  const Dataflow flow(llama_8b());
  EXPECT_EQ(flow.token(false).size(), 3U + 32U * 16U + 1U);
  EXPECT_EQ(flow.token(true).size(), flow.token(false).size() + 4U);
  EXPECT_EQ(flow.token(true).back().kind, OpKind::Commit);
  EXPECT_EQ(flow.token(false).back().kind, OpKind::Commit);
}

TEST(Dataflow, ArraysHoldAllActiveWeights) {
  const auto model = llama_8b();
  const Dataflow flow(model);
  std::uint64_t weights = 0;
  for (std::size_t i = 0; i < kArrays; ++i) {
    const auto kind = static_cast<ArrayKind>(i);
    weights += std::uint64_t{flow.inputs(kind)} * flow.outputs(kind) * (kind == ArrayKind::LmHead ? 1 : model.layers);
  }
  EXPECT_EQ(weights, 7504658432U);  // 7.505 B: 32 x (2 x 4096^2 + 2 x 4096 x 1024 + 3 x 4096 x 14336) + 4096 x 128256
  EXPECT_EQ(weights, model.active_matrix_weights());
}

TEST(Dataflow, UnitsOfArraysAndTreesHaveTheirNames) {
  for (std::size_t i = 0; i < kArrays; ++i) {
    const auto kind = static_cast<ArrayKind>(i);
    EXPECT_EQ(name(array_unit(kind)), std::string(name(kind)) + "_array");
    EXPECT_EQ(name(tree_unit(kind)), std::string(name(kind)) + "_tree");
  }
}

TEST(Placement, CountsTilesFillAndWaste) {
  config::ChipConfig chip;
  chip.tile.rows = 100;
  chip.tile.columns = 1000;
  const auto placement = Placement::create(llama_8b(), {}, chip);
  ASSERT_TRUE(placement.ok());
  const auto& o = placement->array(ArrayKind::O);
  EXPECT_EQ(o.tiles_over_inputs, 41U);
  EXPECT_EQ(o.tiles_over_outputs, 5U);
  EXPECT_EQ(o.cells, 41U * 5U * 100U * 1000U);
  EXPECT_DOUBLE_EQ(o.fill(), 4096.0 * 4096.0 / 20500000.0);
  EXPECT_EQ(o.code_bits, 3U * 4096U * 4096U);
  EXPECT_EQ(o.instances, 32U);
  EXPECT_EQ(placement->array(ArrayKind::LmHead).instances, 1U);
}

TEST(Placement, GivesAnArrayItsOwnTilesAndTheOthersTheChips) {
  for (std::size_t i = 0; i < kArrays; ++i) EXPECT_EQ(name(static_cast<ArrayKind>(i)), config::kTileArrayNames[i]);
  config::ChipConfig chip;
  chip.tile.rows = 64;
  chip.tiles[3].emplace(chip.tile).rows = 100;  // down
  chip.tiles[3]->columns = 1000;
  config::BakeRecipe recipe;
  for (auto& format : recipe.formats) format.bits = 4;
  recipe.formats[static_cast<std::size_t>(config::TensorClass::V)].bits = 6;
  const auto placement = Placement::create(llama_8b(), recipe, chip);
  ASSERT_TRUE(placement.ok());
  EXPECT_EQ(placement->tile(ArrayKind::Down).rows, 100U);
  EXPECT_EQ(placement->array(ArrayKind::Down).tiles_over_inputs, 144U);  // 14336 inputs
  EXPECT_EQ(placement->array(ArrayKind::Down).cells, 144U * 5U * 100U * 1000U);
  EXPECT_EQ(placement->tile(ArrayKind::O).rows, 64U);
  EXPECT_EQ(placement->array(ArrayKind::O).tiles_over_inputs, 64U);
  EXPECT_EQ(placement->array(ArrayKind::Qkv).codebook_values, (4096U + 1024U) * 16U + 1024U * 64U);
}

TEST(Placement, OfATileWithoutItsParametersIsABug) {
  config::ChipConfig chip;
  chip.tiles[4].emplace(chip.tile).microarchitecture = "rom_mac";
  EXPECT_THROW((void)Placement::create(llama_8b(), {}, chip), base::BugError);
}

TEST(Placement, GivesTheKvCapacityInTokens) {
  config::ChipConfig chip;
  chip.kv.banks = 64;
  chip.kv.width_bytes = 16;
  chip.kv.depth_words = 1024;
  chip.kv.row_pad_words = 3;
  const auto placement = Placement::create(llama_8b(), {}, chip);
  ASSERT_TRUE(placement.ok());
  EXPECT_EQ(placement->kv().row_words, 8U);
  EXPECT_EQ(placement->kv().token_words, 67U);
  EXPECT_EQ(placement->kv().capacity_tokens, 64U * 1024U / 134U);
  EXPECT_EQ(placement->kv().exponent_bits_per_token, 2U * 9U * 8U * 2U);
}

TEST(Placement, RefusesAKvCacheThatHoldsNoToken) {
  config::ChipConfig chip;
  chip.name = "tiny";
  chip.kv.banks = 1;
  chip.kv.depth_words = 100;
  const auto placement = Placement::create(llama_8b(), {}, chip);
  ASSERT_FALSE(placement.ok());
  EXPECT_EQ(placement.error().message,
            "chip tiny: the KV SRAM holds 100 words a layer (/kv/banks x /kv/depth_words), one token of llama-3.1-8b "
            "needs 128");
}

}  // namespace
}  // namespace kiln::program
