// 1,000 random chips and workloads: bursts = beats for every event, closed form = simulation for every figure it gives;
// and one image on ten chips of different geometry: the same tokens.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "chip/chip_testing.hpp"
#include "host/run.hpp"
#include "kiln/closed_form/closed_form.hpp"
#include "support/random_chip.hpp"
#include "support/toy_rom.hpp"

namespace kiln::host {
namespace {

TEST(RandomChips, BurstsBeatsAndTheClosedFormAgreeOnAThousand) {
  const std::uint64_t seed = support::test_seed(20261122);
  support::RandomConfigs random(seed);
  std::uint64_t compared = 0;
  std::set<std::pair<program::ArrayKind, std::string>> seen;
  int mixed = 0;
  for (int round = 0; round < 1000; ++round) {
    const std::uint64_t capacity = random.number(2, 24);
    const auto placement = random.placement(capacity);
    const std::uint64_t prompt = random.number(1, static_cast<std::uint32_t>(std::min<std::uint64_t>(capacity, 8)));
    const std::uint64_t answer = random.number(1, 6);
    const std::uint64_t kept =
        random.coin() ? 0 : random.number(0, static_cast<std::uint32_t>(placement.kv().capacity_tokens - prompt));
    std::set<std::string> on_this_chip;
    for (std::size_t i = 0; i < program::kArrays; ++i) {
      const auto kind = static_cast<program::ArrayKind>(i);
      on_this_chip.insert(placement.tile(kind).microarchitecture);
      seen.emplace(kind, placement.tile(kind).microarchitecture);
    }
    mixed += on_this_chip.size() > 1 ? 1 : 0;
    auto request = chip::timing_request(prompt, answer);
    request.users[0].cached_prefix = kept;
    const auto [bursts, events] = chip::watch(placement, request);
    request.transfer_mode = chip::TransferMode::Beats;
    const auto [beats, beat_events] = chip::watch(placement, request);
    ASSERT_FALSE(events.empty());
    ASSERT_EQ(events, beat_events) << "KILN_SEED=" << seed << " round " << round;
    ASSERT_EQ(bursts.by_unit, beats.by_unit) << round;
    ASSERT_EQ(bursts.critical_path, beats.critical_path) << round;
    const auto expected = closed_form::run_cycles(placement, prompt, bursts.users[0].answer_tokens, kept);
    const auto mismatch = difference(bursts, expected);
    ASSERT_FALSE(mismatch) << *mismatch << ", KILN_SEED=" << seed << " round " << round;
    for (const auto& token : bursts.tokens) {
      const bool with_logits = token.position.value + 1 >= kept + prompt;
      ASSERT_EQ((token.commit - token.issue).count(),
                closed_form::token_cycles(placement, token.position.value, with_logits).total.count())
          << "position " << token.position.value << " round " << round;
    }
    compared += events.size();
  }
  EXPECT_EQ(seen.size(), 3 * program::kArrays) << "not every array had every microarchitecture";
  EXPECT_GT(mixed, 100);
  std::cout << compared << " events compared, " << mixed << " chips of several microarchitectures\n";
}

TEST(RandomChips, GeometryNeverChangesAToken) {
  support::RandomConfigs random(support::test_seed(7));
  base::ThreadPool pool(1);
  const auto model = random.model();
  const auto rom = support::ToyRom(3).make(model, pool);
  const auto prompt = seeded_prompt(6, model.vocab_size, 5);
  std::vector<base::TokenId> expected;
  std::vector<std::uint64_t> totals;
  for (int round = 0; round < 10; ++round) {
    const auto placement = program::Placement::create(model, {}, random.chip(model, 16));
    ASSERT_TRUE(placement.ok());
    // Tile by tile, as this chip's arrays and trees compute.
    functional::FunctionalModel values(rom, 16, pool, numerics::Simd::Scalar, &*placement);
    chip::RunRequest request;
    request.users.emplace_back();
    request.users[0].prompt = prompt;
    request.users[0].max_new_tokens = 8;
    request.values = &values;
    const auto result = host::run(*placement, request);
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_FALSE(result->mismatch);
    ASSERT_EQ(result->chip.users[0].answer.size(), 8U);
    if (round == 0) expected = result->chip.users[0].answer;
    EXPECT_EQ(result->chip.users[0].answer, expected) << round;
    totals.push_back(result->chip.total.count());
  }
  std::sort(totals.begin(), totals.end());
  EXPECT_GT(std::unique(totals.begin(), totals.end()) - totals.begin(), 5) << "the chips hardly differ";
}

TEST(Run, TheClosedFormsDifferenceIsFound) {
  support::RandomConfigs random(1);
  const auto placement = random.placement(8);
  auto outcome = chip::run(placement, chip::timing_request(2, 3));
  ASSERT_TRUE(outcome.ok());
  const auto form = closed_form::run_cycles(placement, 2, 3);
  EXPECT_FALSE(difference(*outcome, form));
  auto late = *outcome;
  late.total += base::Cycles(1);
  EXPECT_TRUE(difference(late, form));
  auto path = *outcome;
  path.critical_path[3] += base::Cycles(1);
  ASSERT_TRUE(difference(path, form));
  EXPECT_NE(difference(path, form)->find("the critical path through vector_unit"), std::string::npos);
}

TEST(Run, TheTimelinesDifferenceIsFound) {
  support::RandomConfigs random(2);
  const auto placement = random.placement(12);
  auto request = chip::timing_request(2, 3);
  request.users.push_back(request.users[0]);
  const auto outcome = chip::run(placement, request);
  ASSERT_TRUE(outcome.ok());
  ASSERT_EQ(outcome->tokens.size(), 8U);
  const auto mismatch = [&](const chip::RunOutcome& changed, bool whole) {
    const auto answer = compare_with_timeline(placement, jobs_of(request, *outcome), changed, whole);
    EXPECT_EQ(answer.total, outcome->total);
    return answer.mismatch.value_or("");
  };
  EXPECT_EQ(mismatch(*outcome, true), "");
  for (std::size_t i = 0; i < outcome->tokens.size(); ++i) {
    auto late = *outcome;
    late.tokens[i].commit += base::Cycles(1);
    EXPECT_NE(mismatch(late, true).find("differ in token " + std::to_string(i)), std::string::npos);
    EXPECT_NE(mismatch(late, false).find("differ in token " + std::to_string(i)), std::string::npos);
    auto other = *outcome;
    other.tokens[i].user = 1 - other.tokens[i].user;
    EXPECT_NE(mismatch(other, true), "");
    auto less = *outcome;  // in flight when the run was interrupted
    less.tokens.erase(less.tokens.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(mismatch(less, true), "7 tokens went through the simulated chip, 8 in the timeline");
    EXPECT_EQ(mismatch(less, false), "");
  }
  auto more = *outcome;
  more.tokens.push_back(more.tokens.back());
  more.tokens.back().issue += base::Cycles(1);
  EXPECT_EQ(mismatch(more, false), "the timeline ends before token 8 of the simulated chip");
  auto longer = *outcome;
  longer.total += base::Cycles(1);
  EXPECT_NE(mismatch(longer, true).find("differ in the whole run"), std::string::npos);
}

TEST(Run, RatesFollowFromTheCycles) {
  support::RandomConfigs random(4);
  const auto placement = random.placement(32);
  const auto result = host::run(placement, chip::timing_request(3, 5));
  ASSERT_TRUE(result.ok());
  const auto decode =
      static_cast<double>((result->chip.users[0].last_answer - result->chip.users[0].first_answer).count());
  EXPECT_DOUBLE_EQ(*result->speed.cycles_per_token, decode / 4);
  EXPECT_DOUBLE_EQ(*result->speed.tokens_per_s_user, 4 * 1e6 * placement.chip().clock_mhz / decode);
  const auto single = host::run(placement, chip::timing_request(3, 1));
  ASSERT_TRUE(single.ok());
  EXPECT_FALSE(single->speed.tokens_per_s_user);
  EXPECT_EQ(result->by_context.front().context, 3U);
  EXPECT_EQ(result->by_context.back().context, 7U);
}

TEST(Run, SeededPromptsAreTheSameEverywhere) {
  const auto ids = seeded_prompt(4, 1000, 1);
  EXPECT_EQ(ids, seeded_prompt(4, 1000, 1));
  EXPECT_NE(ids, seeded_prompt(4, 1000, 2));
  for (const auto id : ids) EXPECT_LT(id, 1000U);
}

}  // namespace
}  // namespace kiln::host
