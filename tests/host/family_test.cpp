// The whole family of chips, on 1,000 random members: schedules, chips in a row, users, slots, turns, queues. Bursts =
// beats for every event, simulation = timeline for every token; and with values the same tokens for all.
#include <gtest/gtest.h>

#include <algorithm>

#include "chip/chip_testing.hpp"
#include "closed_form/timeline.hpp"
#include "host/run.hpp"
#include "support/random_chip.hpp"
#include "support/toy_rom.hpp"

namespace kiln::host {
namespace {

chip::RunRequest random_users(support::RandomConfigs& random, std::uint64_t capacity) {
  chip::RunRequest request;
  const std::uint32_t users = random.number(1, 6);
  for (std::uint32_t u = 0; u < users; ++u) {
    chip::UserRequest user;
    user.arrival = base::Cycles(random.coin() ? 0 : random.number(0, 20000));
    user.prompt.assign(random.number(1, static_cast<std::uint32_t>(std::min<std::uint64_t>(capacity, 6))), 0);
    user.max_new_tokens = random.number(1, 5);
    if (random.coin()) user.cached_prefix = random.number(0, static_cast<std::uint32_t>(capacity - user.prompt.size()));
    if (random.coin()) user.sampling.temperature = 1;
    if (random.number(0, 3) == 0) user.cancelled_at = user.arrival + base::Cycles(random.number(0, 30000));
    request.users.push_back(std::move(user));
  }
  return request;
}

TEST(Family, BurstsBeatsAndTheTimelineAgreeOnAThousandMembers) {
  const std::uint64_t seed = support::test_seed(20261123);
  support::RandomConfigs random(seed);
  std::uint64_t compared = 0, tokens = 0, refused = 0;
  int pipelined = 0, left = 0;
  for (int round = 0; round < 1000; ++round) {
    const std::uint64_t capacity = random.number(2, 24);
    const auto placement = random.member(capacity);
    auto request = random_users(random, placement.kv().capacity_tokens);
    const auto [bursts, events] = chip::watch(placement, request);
    request.transfer_mode = chip::TransferMode::Beats;
    const auto [beats, beat_events] = chip::watch(placement, request);
    ASSERT_EQ(events, beat_events) << "KILN_SEED=" << seed << " round " << round;
    ASSERT_EQ(bursts.by_unit, beats.by_unit) << round;
    ASSERT_EQ(bursts.by_stage, beats.by_stage) << round;
    ASSERT_EQ(bursts.critical_path, beats.critical_path) << round;
    ASSERT_EQ(bursts.activity, beats.activity) << round;

    const auto expected = closed_form::timeline(placement, jobs_of(request, bursts));
    ASSERT_EQ(bursts.tokens.size(), expected.tokens.size()) << round;
    auto simulated = bursts.tokens;
    std::ranges::sort(simulated, {}, [](const auto& t) { return t.issue; });
    for (std::size_t i = 0; i < simulated.size(); ++i) {
      const closed_form::TokenTime token{simulated[i].user, simulated[i].position.value, simulated[i].issue,
                                         simulated[i].commit};
      ASSERT_EQ(token, expected.tokens[i])
          << "token " << i << " of user " << token.user << ": simulated " << token.issue.count() << " to "
          << token.commit.count() << ", expected " << expected.tokens[i].issue.count() << " to "
          << expected.tokens[i].commit.count() << ", KILN_SEED=" << seed << " round " << round;
    }
    ASSERT_EQ(bursts.total, expected.total) << round;
    for (const std::uint32_t user : expected.refused) ASSERT_EQ(bursts.users[user].finish, chip::Finish::Refused);
    for (const auto& user : bursts.users) left += user.finish == chip::Finish::Cancelled ? 1 : 0;
    compared += events.size();
    tokens += simulated.size();
    refused += expected.refused.size();
    pipelined += placement.dataflow().stages().size() > 1 ? 1 : 0;
  }
  std::cout << compared << " events, " << tokens << " tokens compared, " << pipelined << " members of several stages, "
            << refused << " users refused, " << left << " left\n";
  EXPECT_GT(left, 100);
  EXPECT_GT(pipelined, 300);
  EXPECT_GT(refused, 0U);
}

TEST(Family, BurstsAndBeatsAgreeWhenReceiversRefuseBeatsAtRandom) {
  support::RandomConfigs random(support::test_seed(20261124));
  for (int round = 0; round < 100; ++round) {
    const auto placement = random.member(random.number(2, 24));
    auto request = random_users(random, placement.kv().capacity_tokens);
    request.stall_seed = random.number(1, 1000000);
    const auto bursts = chip::watch(placement, request);
    request.transfer_mode = chip::TransferMode::Beats;
    chip::expect_same_cycles(bursts, chip::watch(placement, request));
    if (testing::Test::HasFailure()) FAIL() << "round " << round;
  }
}

TEST(Family, NoMemberChangesATokenOfAnyUser) {
  support::RandomConfigs random(support::test_seed(8));
  base::ThreadPool pool(1);
  const auto model = random.model();
  const auto rom = support::ToyRom(3).make(model, pool);
  std::vector<std::vector<base::TokenId>> expected;
  for (int round = 0; round < 20; ++round) {
    config::ChipConfig chip = random.chip(model, 40);
    if (round > 0) {
      chip.schedule = round % 2 == 0 ? config::Schedule::LayerSerial : config::Schedule::LayerPipelined;
      chip.chips.count = random.number(1, model.layers);
      chip.sequencer.slots = random.number(1, 4);
      chip.sequencer.arbitration = static_cast<config::Arbitration>(random.number(0, 2));
    }
    const auto placement = program::Placement::create(model, {}, chip);
    ASSERT_TRUE(placement.ok());
    functional::FunctionalModel values(rom, 40, pool, numerics::Simd::Scalar);
    chip::RunRequest request;
    request.values = &values;
    for (std::uint32_t u = 0; u < 4; ++u) {
      request.users.emplace_back();
      request.users.back().prompt = seeded_prompt(2 + u, model.vocab_size, 5 + u);
      request.users.back().max_new_tokens = 6;
      if (u > 1) request.users.back().sampling = {0.8, 5, 99};
      request.users.back().arrival = base::Cycles(random.number(0, 30000));
    }
    const auto functional = chip::watch(placement.value(), request);
    request.values = nullptr;
    chip::expect_same_cycles(functional, chip::watch(placement.value(), request));
    std::vector<std::vector<base::TokenId>> answers;
    for (const auto& user : functional.outcome.users) answers.push_back(user.answer);
    if (round == 0) expected = answers;
    EXPECT_EQ(answers, expected) << round;
  }
  for (const auto& answer : expected) EXPECT_EQ(answer.size(), 6U);
}

}  // namespace
}  // namespace kiln::host
