// Runs that follow each other on one KV cache: the tokens and cycles of one run over all of it, stops at any moment
// between, and the formulas beside each.
#include <gtest/gtest.h>

#include "chip/chip_testing.hpp"
#include "host/run.hpp"
#include "support/random_chip.hpp"
#include "support/toy_rom.hpp"

namespace kiln::host {
namespace {

using Ids = std::vector<base::TokenId>;

chip::RunRequest asking(functional::FunctionalModel& values, Ids prompt, std::uint64_t kept, std::uint64_t answer) {
  chip::RunRequest request;
  request.values = &values;
  request.users.emplace_back();
  request.users[0].prompt = std::move(prompt);
  request.users[0].cached_prefix = kept;
  request.users[0].max_new_tokens = answer;
  request.users[0].sampling = {0.9, 6, 17};
  return request;
}

Ids joined(Ids a, const Ids& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// A small model on any member of the family, its values beside it.
struct Fixture {
  explicit Fixture(std::uint64_t seed) : random(seed), pool(1), placement(member()) {
    rom.emplace(support::ToyRom(seed).make(placement.model(), pool));
  }
  program::Placement member() {
    auto placed = random.member(64);
    while (placed.model().vocab_size < 64) placed = random.member(64);
    return placed;
  }
  [[nodiscard]] functional::FunctionalModel values() { return {*rom, 64, pool, numerics::best_simd()}; }
  support::RandomConfigs random;
  base::ThreadPool pool;
  program::Placement placement;
  std::optional<rom::RomImage> rom;
};

TEST(KeptTokens, AConversationHasTheTokensAndTheCyclesOfOneRun) {
  const std::uint64_t seed = support::test_seed(81);
  for (std::uint64_t round = 0; round < 12; ++round) {
    Fixture machine(seed + round);
    auto values = machine.values();
    Ids all, pending;
    for (int turn = 0; turn < 3; ++turn) {
      const Ids prompt = joined(pending, seeded_prompt(1 + round % 3, machine.placement.model().vocab_size, 7 * round));
      const std::uint64_t kept = all.size();
      auto request = asking(values, prompt, kept, 1 + (round + 2 * static_cast<std::uint64_t>(turn)) % 5);
      const auto result = host::run(machine.placement, request);
      ASSERT_TRUE(result.ok()) << result.error().message;
      EXPECT_FALSE(result->mismatch) << *result->mismatch;
      const Ids& answer = result->chip.users[0].answer;
      all = joined(joined(all, prompt), answer);

      auto fresh = machine.values();
      const std::size_t asked = all.size() - answer.size();
      auto whole = asking(fresh, Ids(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(asked)), 0, answer.size());
      const auto once = host::run(machine.placement, whole);
      ASSERT_TRUE(once.ok());
      EXPECT_EQ(once->chip.users[0].answer, answer) << "round " << round << " turn " << turn;
      // Behind the prompt each token takes the same cycles in both.
      for (std::size_t i = 0; i + 1 < answer.size(); ++i) {
        const auto& a = result->chip.tokens[prompt.size() + i];
        const auto& b = once->chip.tokens[asked + i];
        EXPECT_EQ(a.position.value, b.position.value);
        EXPECT_EQ(a.commit - a.issue, b.commit - b.issue);
      }
      all.pop_back();  // it has not been through the chip
      pending = {answer.back()};
    }
  }
}

TEST(KeptTokens, AStopAnywhereLeavesWholeTokensAndTheTimelineStands) {
  const std::uint64_t seed = support::test_seed(82);
  std::size_t in_prompt = 0, in_answer = 0;
  for (std::uint64_t round = 0; round < 6; ++round) {
    Fixture machine(seed + round);
    auto values = machine.values();
    const Ids first = seeded_prompt(4, machine.placement.model().vocab_size, round);
    const auto start = host::run(machine.placement, asking(values, first, 0, 2));
    ASSERT_TRUE(start.ok());
    const std::uint64_t kept = 5;  // the second answer token is the next prompt's first
    const Ids second = joined({start->chip.users[0].answer[1]}, {3, 1, 2});
    const auto uncut = host::run(machine.placement, asking(values, second, kept, 6));
    ASSERT_TRUE(uncut.ok());
    values.rewind(0, kept);
    for (std::uint64_t events = 1; events < 4000; events += 1 + events / 3) {
      std::stop_source stop;
      auto request = asking(values, second, kept, 6);
      request.stop = stop.get_token();
      request.on_event = [&, left = events](const chip::Event&) mutable {
        if (--left == 0) stop.request_stop();
      };
      const auto cut = host::run(machine.placement, request, OnStop::Keep);
      ASSERT_TRUE(cut.ok()) << cut.error().message;
      EXPECT_FALSE(cut->mismatch) << *cut->mismatch;
      const Ids& answer = cut->chip.users[0].answer;
      const Ids& expected = uncut->chip.users[0].answer;
      ASSERT_TRUE(std::equal(answer.begin(), answer.end(), expected.begin()));
      if (cut->interrupted && answer.empty()) {
        ++in_prompt;
        values.rewind(0, kept);
        continue;
      }
      if (cut->interrupted) ++in_answer;
      // The conversation goes on after the answer so far.
      values.rewind(0, kept + second.size() + answer.size() - 1);
      const auto on = host::run(
          machine.placement, asking(values, joined({answer.back()}, {5}), kept + second.size() + answer.size() - 1, 3));
      ASSERT_TRUE(on.ok());
      auto fresh = machine.values();
      Ids whole = joined(first, {start->chip.users[0].answer[0]});
      whole = joined(joined(joined(whole, second), answer), {5});
      const auto once = host::run(machine.placement, asking(fresh, whole, 0, 3));
      ASSERT_TRUE(once.ok());
      EXPECT_EQ(on->chip.users[0].answer, once->chip.users[0].answer) << "round " << round << " events " << events;
      values.rewind(0, kept);
    }
  }
  EXPECT_GT(in_prompt, 10U);
  EXPECT_GT(in_answer, 10U);
}

TEST(KeptTokens, TakeTheirPlaceInTheCache) {
  support::RandomConfigs random(support::test_seed(83));
  const auto placement = random.placement(12);
  const std::uint64_t capacity = placement.kv().capacity_tokens;
  auto request = chip::timing_request(3, 50);
  request.users[0].cached_prefix = capacity - 5;
  const auto full = host::run(placement, request);
  ASSERT_TRUE(full.ok());
  EXPECT_FALSE(full->mismatch);
  EXPECT_EQ(full->chip.users[0].finish, chip::Finish::KvFull);
  EXPECT_EQ(full->chip.users[0].answer_tokens, 3U);  // two have a place, the last needs none
  EXPECT_EQ(full->by_context.front().context, capacity - 2);
  for (const std::uint64_t kept : {capacity - 2, capacity + 1, ~std::uint64_t{0}}) {
    request.users[0].cached_prefix = kept;
    const auto refused = host::run(placement, request);
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().message.find("tokens behind"), std::string::npos) << refused.error().message;
  }
}

}  // namespace
}  // namespace kiln::host
