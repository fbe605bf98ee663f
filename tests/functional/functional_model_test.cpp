// FunctionalModel: rows by the fast paths and tile by tile give the same bits, on chips of any tile shape and any
// number of threads.
#include "functional/functional_model.hpp"

#include <gtest/gtest.h>

#include "support/random_chip.hpp"
#include "support/tile_kinds.hpp"
#include "support/toy_rom.hpp"

namespace kiln::functional {
namespace {

std::vector<float> all_logits(FunctionalModel& values, std::span<const base::TokenId> ids) {
  std::vector<float> result;
  for (const base::TokenId id : ids) {
    values.forward(id, true);
    result.insert(result.end(), values.logits().begin(), values.logits().end());
  }
  return result;
}

TEST(FunctionalModel, TileByTileEqualsRowByRowForAnyTileShape) {
  support::RandomConfigs random(support::test_seed(21));
  base::ThreadPool pool(1);
  for (int round = 0; round < 4; ++round) {
    const config::ModelConfig model = random.model();
    const rom::RomImage rom = support::ToyRom(100 + static_cast<std::uint64_t>(round)).make(model, pool);
    const std::vector<base::TokenId> ids = {1, random.number(0, model.vocab_size - 1), 3};
    FunctionalModel rows(rom, 8, pool, numerics::best_simd());
    const std::vector<float> expected = all_logits(rows, ids);
    EXPECT_EQ(expected.size(), 3U * model.vocab_size);
    for (const std::uint32_t tile_rows : {7U, 31U, 33U, 64U, 65U, 1000U}) {
      config::ChipConfig chip = random.chip(model, 8);  // of any microarchitecture, arrays with different tiles
      support::for_each_tile(chip, [&](config::TileConfig& tile) { tile.rows = tile_rows; });
      const auto placement = program::Placement::create(model, {}, chip);
      ASSERT_TRUE(placement.ok());
      FunctionalModel tiles(rom, 8, pool, numerics::Simd::Scalar, &*placement);
      EXPECT_EQ(all_logits(tiles, ids), expected) << "round " << round << ", tiles of " << tile_rows << " inputs";
    }
  }
}

TEST(FunctionalModel, AreTheSameForEachMicroarchitectureAndAMixture) {
  support::RandomConfigs random(support::test_seed(24));
  base::ThreadPool pool(1);
  for (int round = 0; round < 3; ++round) {
    const config::ModelConfig model = random.model();
    const rom::RomImage rom = support::ToyRom(200 + static_cast<std::uint64_t>(round)).make(model, pool);
    const std::vector<base::TokenId> ids = {2, random.number(0, model.vocab_size - 1), 7};
    FunctionalModel rows(rom, 8, pool, numerics::best_simd());
    const std::vector<float> expected = all_logits(rows, ids);
    for (std::uint32_t mixture = 0; mixture <= support::kOwnTileKinds; ++mixture) {
      config::ChipConfig chip = random.chip(model, 8);
      for (std::uint32_t array = 0; array < chip.tiles.size(); ++array) {
        chip.tiles[array] = random.tile();
        chip.tiles[array]->microarchitecture =
            support::kTileKinds[mixture < support::kOwnTileKinds ? mixture : array % support::kOwnTileKinds];
      }
      const auto placement = program::Placement::create(model, {}, chip);
      ASSERT_TRUE(placement.ok());
      FunctionalModel tiles(rom, 8, pool, numerics::Simd::Scalar, &*placement);
      EXPECT_EQ(all_logits(tiles, ids), expected) << "round " << round << ", mixture " << mixture;
    }
  }
}

TEST(FunctionalModel, DependOnNeitherThreadsNorVectorWidth) {
  support::RandomConfigs random(support::test_seed(22));
  base::ThreadPool one(1);
  config::ModelConfig model = random.model();
  model.hidden_size = 576;  // wide enough to be split over threads
  model.intermediate_size = 640;
  const rom::RomImage rom = support::ToyRom(7).make(model, one);
  const std::vector<base::TokenId> ids = {5, 6, 7};
  FunctionalModel scalar(rom, 8, one, numerics::Simd::Scalar);
  const std::vector<float> expected = all_logits(scalar, ids);
  base::ThreadPool three(3);
  FunctionalModel wide(rom, 8, three, numerics::best_simd());
  EXPECT_EQ(all_logits(wide, ids), expected);
}

TEST(FunctionalModel, ResetForgetsTheTokensBefore) {
  base::ThreadPool pool(1);
  support::RandomConfigs random(support::test_seed(23));
  const rom::RomImage rom = support::ToyRom(8).make(random.model(), pool);
  FunctionalModel values(rom, 8, pool, numerics::best_simd());
  const std::vector<base::TokenId> ids = {3, 1, 2};
  const std::vector<float> first = all_logits(values, ids);
  EXPECT_EQ(values.argmax(), numerics::argmax(values.logits()));
  values.reset();
  EXPECT_EQ(all_logits(values, ids), first);
  const auto handle = values.begin(0, 0, base::TokenPos{7});  // three tokens are present
  const program::Dataflow dataflow(rom.model());
  const auto attend = [&] {
    for (const auto& op : dataflow.token(false)) values.execute(handle, op);
  };
  EXPECT_THROW(attend(), base::BugError);
  EXPECT_THROW((void)values.begin(1, 0, base::TokenPos{0}), base::BugError);
}

TEST(FunctionalModel, RewoundItHasSeenNothingOfWhatCame) {
  base::ThreadPool pool(1);
  const config::ModelConfig model = support::RandomConfigs(1).model();
  const rom::RomImage rom = support::ToyRom(9).make(model, pool);
  const program::Dataflow dataflow(model);
  FunctionalModel values(rom, 8, pool, numerics::best_simd());
  const std::vector<float> expected = all_logits(values, std::vector<base::TokenId>{1, 2, 3});
  values.reset();
  values.forward(1, false);
  values.forward(9, false);
  // A token that has passed the first layer alone is given up.
  const auto handle = values.begin(0, 7, base::TokenPos{2});
  for (const auto& op : dataflow.token(false)) {
    values.execute(handle, op);
    if (op.kind == program::OpKind::Attend) break;
  }
  values.rewind(0, 1);
  std::vector<float> again(expected.begin(), expected.begin() + model.vocab_size);
  const auto rest = all_logits(values, std::vector<base::TokenId>{2, 3});
  again.insert(again.end(), rest.begin(), rest.end());
  EXPECT_EQ(again, expected);
  EXPECT_LE(values.begin(0, 7, base::TokenPos{3}), handle);  // numbers are used again
  values.open(0, 3);
  EXPECT_THROW(values.open(0, 2), base::BugError);
  EXPECT_THROW(values.open(1, 1), base::BugError);
  EXPECT_THROW(values.rewind(0, 4), base::BugError);
}

TEST(FunctionalModel, ATokenDependsOnThoseBeforeIt) {
  base::ThreadPool pool(1);
  config::ModelConfig model = support::RandomConfigs(1).model();
  const rom::RomImage rom = support::ToyRom(9).make(model, pool);
  FunctionalModel values(rom, 8, pool, numerics::best_simd());
  values.forward(1, false);
  values.forward(2, true);
  const std::vector<float> after_one(values.logits().begin(), values.logits().end());
  values.reset();
  values.forward(5, false);
  values.forward(2, true);
  EXPECT_NE(std::vector<float>(values.logits().begin(), values.logits().end()), after_one);
}

}  // namespace
}  // namespace kiln::functional
