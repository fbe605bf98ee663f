// The timeline: what one user alone must see, a pipeline that is full, prompts, queues. Random members of the family
// are in tests/host/family_test.cpp.
#include "closed_form/timeline.hpp"

#include <gtest/gtest.h>

#include "closed_form/context_cost.hpp"
#include "closed_form/token_path.hpp"
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

/// How far apart the tokens of a full pipeline commit at `context`: as far as the slowest stage needs from one leave to
/// send to it to the next (docs/closed-form.md, A timeline).
std::uint64_t slowest_stage(const program::Placement& placement, std::uint64_t context) {
  const StageTerms terms = stage_terms(placement);
  const auto& stages = placement.dataflow().stages();
  const std::uint64_t layer = terms.layer + narrow(ContextCost(placement, context).at(context).total());
  const auto link_into = [&](std::size_t s) {
    return stages[s - 1].chip == stages[s].chip ? terms.on_chip : terms.between_chips;
  };
  std::uint64_t slowest = 0;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const bool first = s == 0;
    const bool last = s + 1 == stages.size();
    // In: what comes over and is stored, and the way back of the leave. Out: the head, or what is sent on.
    const std::uint64_t in = first ? terms.enter + placement.chip().link[config::Link::VectorToSequencer]
                                   : link_into(s).sending + 2 * link_into(s).wire + link_into(s).store;
    const std::uint64_t out = last ? terms.head : link_into(s + 1).sending;
    slowest = std::max(slowest, in + stages[s].layers * layer + out);
  }
  return slowest;
}

TEST(Timeline, AFullPipelineMakesATokenEachTimeItsSlowestStageIsFree) {
  constexpr std::uint32_t kUsers = 64;
  for (const std::uint64_t seed : {62, 65, 66, 67, 68, 69}) {
    const auto placement = pipelined(seed, 6, kUsers);
    const std::vector<Job> jobs(kUsers, Job{Cycles(0), 1, 8, 8});
    const auto line = timeline(placement, jobs);
    ASSERT_EQ(line.tokens.size(), kUsers * 8U);
    for (std::uint64_t round = 2; round < 8; ++round) {  // all users are at one position
      for (std::size_t i = round * kUsers + kUsers / 2; i < (round + 1) * kUsers - 8; ++i) {
        ASSERT_EQ(line.tokens[i].position, round);
        ASSERT_EQ((line.tokens[i].commit - line.tokens[i - 1].commit).count(), slowest_stage(placement, round + 1))
            << "seed " << seed << ", token " << i;
      }
    }
  }
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
  const std::vector<Job> jobs(2, Job{Cycles(0), 1, capacity, capacity});  // each needs all of it
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
