// The timeline: what one user alone must see, a pipeline that is full, prompts, queues. Random members of the family
// stand in tests/host/family_test.cpp.
#include "kiln/closed_form/timeline.hpp"

#include <gtest/gtest.h>

#include "kiln/closed_form/closed_form.hpp"
#include "support/random_chip.hpp"

namespace kiln::closed_form {
namespace {

using base::Cycles;

program::Placement pipelined(std::uint64_t seed, std::uint32_t layers, std::uint32_t slots) {
  support::RandomConfigs random(seed);
  config::ModelConfig model = random.model();
  model.layers = layers;
  config::ChipConfig chip = random.chip(model, 1000);
  chip.schedule = config::Schedule::LayerPipelined;
  chip.sequencer.slots = slots;
  auto placed = program::Placement::create(model, {}, chip);
  base::check(placed.ok(), "placed");
  return std::move(placed).value();
}

TEST(Timeline, OneUserAndOneStageIsTheRunsClosedForm) {
  support::RandomConfigs random(support::test_seed(61));
  for (int round = 0; round < 300; ++round) {
    const auto placement = random.placement(random.number(2, 24));
    const auto capacity = static_cast<std::uint32_t>(placement.kv().capacity_tokens);
    const std::uint64_t prompt = random.number(1, std::min(capacity, 6U));
    const std::uint64_t kept = random.coin() ? 0 : random.number(0, capacity - static_cast<std::uint32_t>(prompt));
    const std::uint64_t answer = random.number(1, 6);
    const auto run = run_cycles(placement, prompt, answer, kept);
    const auto line = timeline(placement, {{Cycles(0), prompt, answer, run.answer_tokens, true, kept}});
    ASSERT_EQ(line.total, run.total) << round;
    ASSERT_EQ(line.tokens.size(), prompt + run.answer_tokens - 1) << round;
    EXPECT_EQ(line.tokens[0].position, kept) << round;
    EXPECT_EQ(line.tokens[prompt - 1].commit, run.first_answer) << round;
    EXPECT_EQ(line.tokens.back().commit, run.last_answer) << round;
  }
}

TEST(Timeline, AFullPipelineMakesATokenEachTimeItsSlowestStageIsFree) {
  const auto placement = pipelined(62, 6, 32);
  const std::vector<Job> jobs(32, Job{Cycles(0), 1, 20, 20});
  const auto line = timeline(placement, jobs);
  ASSERT_EQ(line.tokens.size(), 32U * 20U);
  const auto alone = timeline(placement, {jobs[0]});
  const double latency = static_cast<double>((alone.tokens.back().commit - alone.tokens[1].commit).count()) / 18.0;
  const double pace = static_cast<double>((line.tokens[500].commit - line.tokens[200].commit).count()) / 300.0;
  EXPECT_LT(pace, latency / 2);
  EXPECT_GT(pace, latency / 8);  // seven stages cannot do better
}

TEST(Timeline, APromptsTokensFollowEachOtherThroughAPipeline) {
  const auto placement = pipelined(63, 5, 1);
  const auto line = timeline(placement, {{Cycles(0), 12, 3, 3}});
  EXPECT_LT(line.tokens[5].issue, line.tokens[4].commit);    // prompt
  EXPECT_EQ(line.tokens[12].issue, line.tokens[11].commit);  // answer
}

TEST(Timeline, UsersWhoFindNoRoomWaitOrAreRefused) {
  support::RandomConfigs random(support::test_seed(64));
  const config::ModelConfig model = random.model();
  config::ChipConfig chip = random.chip(model, 8);
  chip.sequencer.slots = 4;
  const auto place = [&] {
    auto placed = program::Placement::create(model, {}, chip);
    base::check(placed.ok(), "placed");
    return std::move(placed).value();
  };
  const auto placement = place();
  const std::uint64_t capacity = placement.kv().capacity_tokens;
  const std::vector<Job> jobs(2, Job{Cycles(0), 1, capacity, capacity});  // each wants all of it
  const auto queued = timeline(placement, jobs);
  EXPECT_TRUE(queued.refused.empty());
  EXPECT_EQ(queued.tokens[capacity].user, 1U);
  EXPECT_EQ(queued.tokens[capacity].issue, queued.tokens[capacity - 1].commit);
  chip.kv.when_full = config::WhenFull::Refuse;
  const auto strict = place();
  EXPECT_EQ(timeline(strict, jobs).refused, std::vector<std::uint32_t>{1});
}

}  // namespace
}  // namespace kiln::closed_form
