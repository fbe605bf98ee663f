// Configurations worked out by hand. The first is the example of docs/closed-form.md, where every step has its
// formula.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "closed_form/configs.hpp"
#include "kiln/closed_form/closed_form.hpp"

namespace kiln::closed_form {
namespace {

using program::Unit;
std::uint64_t of(const TokenCycles& token, Unit unit) {
  return token.critical_path[static_cast<std::size_t>(unit)].count();
}
std::uint64_t of(const RunCycles& run, Unit unit) { return run.critical_path[static_cast<std::size_t>(unit)].count(); }

// Token at position 2, with logits. sigma = ceil(128 / 4) = 32; T = 2 + 64 + 32 * (1 + 1) + 3 = 133 for every array.
TEST(WorkedExample, EveryUnitOfATokenIsAsByHand) {
  const auto placement = worked_example().place();
  const auto token = token_cycles(placement, 2, true);
  EXPECT_EQ(of(token, Unit::HostLink), 0U);
  EXPECT_EQ(of(token, Unit::Sequencer), 5U);     // 2 + 3
  EXPECT_EQ(of(token, Unit::Links), 62U);        // 1 + 2, 2 x (4 x 3 + 4 x 1 + 4 x 2 + 1 + 1), 3 + 1 + 2 + 1
  EXPECT_EQ(of(token, Unit::EmbeddingRom), 5U);  // 4 + 2 x 1 - 1
  EXPECT_EQ(of(token, Unit::VectorUnit), 364U);  // 9 + 2 x (39 + 26 + 7 + 8 + 39 + 31 + 8) + 39
  EXPECT_EQ(of(token, Unit::Attention), 144U);   // 2 x (51 + 2 x 2 - 1 + 2 x 8 + 2)
  EXPECT_EQ(of(token, Unit::KvSram), 16U);       // 2 x 2 x 4
  EXPECT_EQ(of(token, Unit::Sampler), 19U);      // 4 x (4 - 2) + 4 - 1 + 8
  EXPECT_EQ(of(token, Unit::QkvArray), 268U);    // 2 x (1 + 133)
  EXPECT_EQ(of(token, Unit::OArray), 268U);
  EXPECT_EQ(of(token, Unit::GateUpArray), 268U);
  EXPECT_EQ(of(token, Unit::DownArray), 268U);
  EXPECT_EQ(of(token, Unit::LmHeadArray), 134U);
  EXPECT_EQ(of(token, Unit::QkvTree), 22U);     // 2 x (1 + 3 + 4 x 2 - 1)
  EXPECT_EQ(of(token, Unit::OTree), 14U);       // 2 x (1 + 3 + 2 x 2 - 1)
  EXPECT_EQ(of(token, Unit::GateUpTree), 30U);  // 2 x (1 + 3 + 6 x 2 - 1)
  EXPECT_EQ(of(token, Unit::DownTree), 14U);
  EXPECT_EQ(of(token, Unit::LmHeadTree), 13U);  // 1 + 3 + 5 x 2 - 1
  EXPECT_EQ(token.total.count(), 1914U);        // 19 + 2 x 840 + 215
}

// Without logits 1654 + 2 x (2 x reads + softmax); reads 4, 8, 12, 16 and softmax 1, 1, 2, 2 at contexts 1, 2, 3, 4.
TEST(WorkedExample, TokensGrowWithTheContextAsByHand) {
  const auto placement = worked_example().place();
  EXPECT_EQ(token_cycles(placement, 0, false).total.count(), 1672U);
  EXPECT_EQ(token_cycles(placement, 1, false).total.count(), 1688U);
  EXPECT_EQ(token_cycles(placement, 2, false).total.count(), 1706U);
  EXPECT_EQ(token_cycles(placement, 3, false).total.count(), 1722U);
  EXPECT_EQ(token_cycles(placement, 3, true).total.count(), 1930U);
}

TEST(WorkedExample, ARunIsItsTokensAndTheHostLink) {
  const auto run = run_cycles(worked_example().place(), 3, 2);
  EXPECT_EQ(run.prompt_arrival.count(), 100U);
  EXPECT_EQ(run.first_answer.count(), 5374U);  // 100 + 1672 + 1688 + 1914
  EXPECT_EQ(run.last_answer.count(), 7304U);   // + 1930
  EXPECT_EQ(run.total.count(), 7404U);         // + 100
  EXPECT_EQ(of(run, Unit::HostLink), 200U);
  EXPECT_EQ(run.answer_tokens, 2U);
}

// Four arrays of 134 cycles in two layers; three tokens.
TEST(WorkedExample, ABatchRegisterSavesPassesAsByHand) {
  auto example = worked_example();
  const auto first = [&](std::uint64_t batch) {
    return first_answer_with_batch_register(example.place(), 3, batch).value().count();
  };
  EXPECT_EQ(first(1), 5374U);
  EXPECT_EQ(first(2), 5374U - 2 * 4 * 134);
  EXPECT_EQ(first(4), 5374U - 2 * 2 * 4 * 134);
  example.chip.host.cycles_per_token = 2000;
  EXPECT_FALSE(first_answer_with_batch_register(example.place(), 3, 2));
}

TEST(WorkedExample, ASlowHostWireHoldsUpThePromptAndThenTheAnswer) {
  auto example = worked_example();
  example.chip.host.cycles_per_token =
      1680;  // between the first token's 1672 and the second's 1688: the second waits 8 cycles
  auto run = run_cycles(example.place(), 3, 2);
  EXPECT_EQ(run.first_answer.count(), 5382U);
  EXPECT_EQ(run.last_answer.count(), 7312U);
  EXPECT_EQ(run.total.count(), 7412U);
  EXPECT_EQ(of(run, Unit::HostLink), 208U);
  example.chip.host.cycles_per_token =
      2000;  // slower than any token: prompt at 100, 2100, 4100; answers leave at 6014, 8014
  run = run_cycles(example.place(), 3, 2);
  EXPECT_EQ(run.first_answer.count(), 6014U);
  EXPECT_EQ(run.last_answer.count(), 7944U);
  EXPECT_EQ(run.total.count(), 8114U);
  EXPECT_EQ(of(run, Unit::HostLink), 910U);  // 100 + (2000 - 1672) + (2000 - 1688) + (8014 - 7944) + 100
}

TEST(WorkedExample, StandsInTheDocumentWithTheseFigures) {
  std::ifstream file(std::string(KILN_SOURCE_DIR) + "/docs/closed-form.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto placement = worked_example().place();
  const auto total = [&](std::uint64_t position, bool logits) {
    return "**" + std::to_string(token_cycles(placement, position, logits).total.count()) + "**";
  };
  for (const auto& figure : {total(0, false), total(1, false), total(2, true), total(3, true)})
    EXPECT_NE(text.find(figure), std::string::npos) << figure;
  for (const std::uint64_t interval : {4U, 1680U, 2000U}) {
    auto example = worked_example();
    example.chip.host.cycles_per_token = static_cast<std::uint32_t>(interval);
    const auto figure = "**" + std::to_string(run_cycles(example.place(), 3, 2).total.count()) + "**";
    EXPECT_NE(text.find(figure), std::string::npos) << figure;
  }
}

// T = 1 + 1 + 1 * (1 + 0) + 1 = 4, a product with its links and a tree of one beat 1 + (1 + 4) + 1 + 1 = 8.
// Head 1 + 1 + 1 + 1 + 1 = 5. Norm 1 + 5 = 6.
// Layer: 6, qkv 8 + 2 more beats = 10, link 1, RoPE 3, link 1, attend 7 + 2 x 1 + 1 = 10, link 1, quantise 1, o 8, link
// 1, add 1: 43;
//   6, gate and up 8 + 1 = 9, link 1, SiLU 3, down 8, link 1, add 1: 29.   Tail: 6 + 8 + 1 + 1 + 1 + 1 = 18, without
//   logits 2.
TEST(AllOnes, ATokenOfSingleBeatsIsAsByHand) {
  const auto placement = all_ones().place();
  EXPECT_EQ(token_cycles(placement, 0, true).total.count(), 5U + 72U + 18U);
  EXPECT_EQ(token_cycles(placement, 0, false).total.count(), 5U + 72U + 2U);
}

}  // namespace
}  // namespace kiln::closed_form
