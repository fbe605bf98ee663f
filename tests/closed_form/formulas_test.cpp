// The single formulas against counting, and hand-worked cuts of odd tiles.
#include <gtest/gtest.h>

#include <map>

#include "closed_form/array_formulas.hpp"
#include "closed_form/configs.hpp"
#include "closed_form/context_cost.hpp"

namespace kiln::closed_form {
namespace {

config::TileConfig tile(std::uint32_t rows, std::uint32_t inputs_per_cycle) {
  config::TileConfig t;
  t.rows = rows;
  t.inputs_per_cycle = inputs_per_cycle;
  return t;
}

// 31 rows, 1 input a cycle, sigma 4, 128 inputs. Tiles [0, 31) 31; [31, 62) 31; [62, 93) 2 and 29: max(2, 4) + 29 = 33;
// [93, 124) 31; [124, 128) 4. Group [0, 64) is on tiles 0 .. 2, group [64, 128) on tiles 2 .. 4.
TEST(Tiles, OfThirtyOneRowsAreCutAsByHand) {
  EXPECT_EQ(pass_cycles(tile(31, 1), 128, 1, 4), 33U);
  EXPECT_EQ(chain_hops(31, 128), 2U);
}

// 33 rows: [0, 33) 33; [33, 66) 31 and 2: 31 + 4 = 35; [66, 99) 33; [99, 128) 29.
TEST(Tiles, OfThirtyThreeRowsAreCutAsByHand) {
  EXPECT_EQ(pass_cycles(tile(33, 1), 128, 1, 4), 35U);
  EXPECT_EQ(chain_hops(33, 128), 2U);  // group [64, 128): borders 66 and 99
}

// 65 rows: [0, 65) 64 and 1: 64 + 4; [65, 128) 63.
TEST(Tiles, OfSixtyFiveRowsAreCutAsByHand) {
  EXPECT_EQ(pass_cycles(tile(65, 1), 128, 1, 4), 68U);
  EXPECT_EQ(chain_hops(65, 128), 1U);
  EXPECT_EQ(chain_hops(65, 65), 0U);
}

// 7 rows: a tile across a border, [63, 70), holds 1 and 6 inputs: 4 + 6. Group [0, 64) has borders 7 .. 63, nine of
// them.
TEST(Tiles, OfSevenRowsAreCutAsByHand) {
  EXPECT_EQ(pass_cycles(tile(7, 1), 128, 1, 4), 10U);
  EXPECT_EQ(chain_hops(7, 128), 9U);
  EXPECT_EQ(chain_hops(7, 7), 0U);
  EXPECT_EQ(chain_hops(7, 8), 1U);
}

TEST(Tiles, OfOneRowCutAGroupAtEveryInput) {
  EXPECT_EQ(pass_cycles(tile(1, 4), 100, 1, 5), 5U);
  EXPECT_EQ(chain_hops(1, 100), 63U);
  EXPECT_EQ(chain_hops(1, 1), 0U);
}

TEST(Tiles, AgreeWithCountingForAllSmallShapes) {
  for (std::uint32_t rows = 1; rows <= 200; ++rows)
    for (const std::uint32_t inputs : {1U, 2U, 63U, 64U, 65U, 100U, 127U, 128U, 129U, 257U, 320U, 500U})
      for (const std::uint32_t per_cycle : {1U, 3U, 32U, 100U})
        for (const auto& [sigma, beat] : {std::pair{1U, 1U}, {7U, 1U}, {64U, 1U}, {7U, 3U}, {1U, 8U}, {64U, 8U}}) {
          std::map<std::uint32_t, std::map<std::uint32_t, std::uint64_t>> tiles;
          std::map<std::uint32_t, std::map<std::uint32_t, std::uint64_t>> groups;
          for (std::uint32_t i = 0; i < inputs; ++i) {
            ++tiles[i / rows][i / 64];
            ++groups[i / 64][i / rows];
          }
          std::uint64_t pass = 0;
          std::uint64_t chain = 0;
          for (const auto& [t, segments] : tiles) {
            std::uint64_t cycles = 0;
            for (const auto& [g, length] : segments)
              cycles += std::max<std::uint64_t>((length + per_cycle - 1) / per_cycle * beat, sigma);
            pass = std::max(pass, cycles);
          }
          for (const auto& [g, spanned] : groups) chain = std::max<std::uint64_t>(chain, spanned.size() - 1);
          ASSERT_EQ(pass_cycles(tile(rows, per_cycle), inputs, beat, sigma), pass)
              << rows << " " << inputs << " " << per_cycle << " " << sigma << " " << beat;
          ASSERT_EQ(chain_hops(rows, inputs), chain) << rows << " " << inputs;
        }
}

// The output projection of docs/closed-form.md's example: 128 inputs and outputs on tiles of 96 x 128, sigma = 32.
TEST(Tiles, OfEachMicroarchitectureTakeWhatTheExampleSays) {
  config::TileConfig t = worked_example().chip.tile;
  EXPECT_EQ(product_cycles(t, 128, 128), 133U);
  t.parameters["bit_serial"] = {{"count_cycles", 3}, {"multiply_cycles", 4}};
  t.parameters["rom_mac"] = {{"mac_lanes", 48}, {"read_cycles", 2}, {"multiply_cycles", 5}};
  t.microarchitecture = "bit_serial";
  // 64 inputs: 32 steps of 8; 32: 16 steps of 8.
  EXPECT_EQ(product_cycles(t, 128, 128), 7U + 384U + 64U + 3U);
  t.inputs_per_cycle = 32;  // 16 cycles and 8, both shorter than the scales
  EXPECT_EQ(product_cycles(t, 128, 128), 7U + 64U + 64U + 3U);
  t.inputs_per_cycle = 2;
  t.microarchitecture = "rom_mac";
  // ceil(128 / 48) = 3 cycles a step: 96 + 48.
  EXPECT_EQ(product_cycles(t, 128, 128), 7U + 144U + 64U + 3U);
}

TEST(Tree, HasTheLevelsThatItsFanInNeeds) {
  EXPECT_EQ(tree_depth(1, 4), 0U);
  EXPECT_EQ(tree_depth(2, 4), 1U);
  EXPECT_EQ(tree_depth(4, 4), 1U);
  EXPECT_EQ(tree_depth(5, 4), 2U);
  EXPECT_EQ(tree_depth(16, 4), 2U);
  EXPECT_EQ(tree_depth(17, 4), 3U);
  EXPECT_EQ(tree_depth(1U << 20, 2), 20U);
  EXPECT_EQ(tree_depth((1U << 20) + 1, 1024), 3U);
}

// Heads of 2 words, 3 words a token, 4 banks: tokens 0, 1, 2 with heads 0, 1 ask for words 0 2, 3 5, 6 8: banks 0 2, 3
// 1, 2 0.
TEST(Banks, AreCountedAsByHand) {
  program::KvPlan plan;
  plan.row_words = 2;
  plan.token_words = 3;
  const std::vector<std::uint64_t> expected = {0, 1, 1, 2};
  EXPECT_EQ(words_in_fullest_bank(plan, 4, 3, 2), expected);
  EXPECT_EQ(words_in_fullest_bank(plan, 1, 3, 2), (std::vector<std::uint64_t>{0, 2, 4, 6}));
}

// Heads of 40 channels in words of 16: words of 16, 16 and 8. Channels 0 .. 63: 3 words of head 0 and 2 of head 1;
// 24 .. 39: 2 of the head; 30 .. 93: 10 channels in 2 words, a head of 3, and 14 channels in 1.
TEST(Words, OfABeatAreCountedAsByHand) {
  EXPECT_EQ(words_touched(0, 64, 40, 16), 5U);
  EXPECT_EQ(words_touched(24, 16, 40, 16), 2U);
  EXPECT_EQ(words_touched(30, 64, 40, 16), 6U);
  EXPECT_EQ(words_touched(0, 1, 40, 16), 1U);
  EXPECT_EQ(words_touched(39, 2, 40, 16), 2U);
  EXPECT_EQ(words_touched(0, 64, 64, 256), 1U);  // a word is longer than the head
  EXPECT_EQ(words_touched(0, 64, 2, 256), 32U);
}

TEST(Words, OfTheFullestBeatAgreeWithCounting) {
  const std::uint64_t seed = support::test_seed(73);
  for (std::uint64_t i = 0; i < 500; ++i) {
    const auto placement = random_case(base::mix(seed, i)).place();
    const auto& model = placement.model();
    std::map<std::uint64_t, std::map<std::uint64_t, bool>> beats;  // beat -> words
    for (std::uint64_t x = 0; x < std::uint64_t{model.kv_heads} * model.head_dim; ++x)
      beats[x / placement.chip().link.beat_elements()][x / model.head_dim * placement.kv().row_words +
                                                       x % model.head_dim / placement.chip().kv.width_bytes] = true;
    std::size_t most = 0;
    for (const auto& [beat, words] : beats) most = std::max(most, words.size());
    ASSERT_EQ(words_in_a_beat(placement), most) << "configuration " << i;
  }
}

TEST(FloorSum, AgreesWithAdding) {
  support::RandomConfigs d(support::test_seed(71));
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t n = d.number(0, 60), m = d.few(100), a = d.number(0, 300), b = d.number(0, 300);
    std::uint64_t sum = 0;
    for (std::uint64_t k = 0; k < n; ++k) sum += (a * k + b) / m;
    ASSERT_EQ(narrow(floor_sum(n, m, a, b)), sum) << n << " " << m << " " << a << " " << b;
  }
}

TEST(Context, SumsAreSumsAndNeverFallWithTheContext) {
  const std::uint64_t seed = support::test_seed(72);
  for (std::uint64_t i = 0; i < 500; ++i) {
    const auto placement = random_case(base::mix(seed, i)).place();
    const ContextCost whole(placement, placement.kv().capacity_tokens);
    ContextCycles sum;
    std::uint64_t before = 0;
    for (std::uint64_t context = 1; context <= placement.kv().capacity_tokens; ++context) {
      const auto one = whole.at(context);
      const auto alone = ContextCost(placement, context).at(context);
      ASSERT_EQ(narrow(one.attention), narrow(alone.attention));
      ASSERT_EQ(narrow(one.conflicts), narrow(alone.conflicts));
      ASSERT_GE(narrow(one.total()), before);
      before = narrow(one.total());
      sum.attention += one.attention;
      sum.conflicts += one.conflicts;
      ASSERT_EQ(narrow(whole.up_to(context).attention), narrow(sum.attention))
          << "case " << i << " context " << context;
      ASSERT_EQ(narrow(whole.up_to(context).conflicts), narrow(sum.conflicts))
          << "case " << i << " context " << context;
    }
    EXPECT_EQ(narrow(whole.up_to(0).total()), 0U);
  }
}

}  // namespace
}  // namespace kiln::closed_form
