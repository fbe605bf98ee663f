// Sequencer: who has a slot, whose token is next, and when an answer ends.
#include "chip/timing/sequencer.hpp"

#include "chip/timing/timing_testing.hpp"

namespace kiln::chip {
namespace {

using base::Cycles;
using config::Arbitration;
using config::ChipConfig;
using config::ModelConfig;
using config::WhenFull;

UserRequest user(std::size_t prompt, std::uint64_t answer) {
  UserRequest u;
  u.prompt.assign(prompt, 0);
  u.max_new_tokens = answer;
  return u;
}

/// A sequencer and a clock: every call is a cycle later.
struct Driven {
  Driven(const program::Placement& place, std::vector<UserRequest> requests)
      : users(std::move(requests)), sequencer(place, users) {}
  void arrive(std::uint32_t u) { sequencer.prompt_arrived(u, Cycles(++now)); }
  void free() { sequencer.stage_free(Cycles(++now)); }
  bool commit(std::uint32_t u, bool logits, std::optional<base::TokenId> id = {}) {
    return sequencer.commit(u, logits, id, Cycles(++now));
  }
  std::optional<Sequencer::Token> decide() { return sequencer.decide(Cycles(now)); }
  /// Takes the next token through the chip; returns its user.
  std::uint32_t pass() {
    const auto token = decide();
    base::check(token.has_value(), "a token");
    (void)commit(token->user, token->with_logits);
    free();
    return token->user;
  }
  std::vector<UserRequest> users;
  std::uint64_t now = 0;
  Sequencer sequencer;
};

program::Placement with_slots(std::uint32_t slots, Arbitration turn, WhenFull full = WhenFull::Queue,
                              std::uint32_t depth = 1024) {
  return placed([&](ModelConfig&, ChipConfig& c) {
    c.sequencer = {2, 2, slots, turn};
    c.kv = {1, 1, 64, depth, 1, 1, 0, full};  // 4 words a token
  });
}

TEST(Sequencer, IssuesPromptTokensAsTheyArriveAndOneAtATime) {
  Driven d(placed(), {user(2, 2)});
  EXPECT_FALSE(d.decide());
  d.arrive(0);
  const auto first = d.decide();
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->with_logits);
  d.arrive(0);
  EXPECT_FALSE(d.decide());  // the stage is taken
  EXPECT_FALSE(d.commit(0, false));
  d.free();
  const auto last = d.decide();
  ASSERT_TRUE(last);
  EXPECT_TRUE(last->with_logits);
  EXPECT_TRUE(last->from_prompt);
  d.free();
  EXPECT_FALSE(d.decide());  // nobody knows the next id before the commit
  EXPECT_TRUE(d.commit(0, true));
  EXPECT_FALSE(d.decide()->from_prompt);
  EXPECT_TRUE(d.commit(0, true));
  EXPECT_EQ(d.sequencer.outcome(0).finish, Finish::MaxTokens);
  EXPECT_TRUE(d.sequencer.all_finished());
}

TEST(Sequencer, AUserWhoLeavesGivesUpSlotQueueAndKvCache) {
  // The host's latency is 100 cycles. One slot; the first has it, the second waits, the third is not even there.
  auto users = std::vector{user(2, 9), user(1, 1), user(1, 1), user(1, 1)};
  users[0].cancelled_at = Cycles(400);
  users[1].cancelled_at = Cycles(300);
  users[2].cancelled_at = Cycles(200);
  const auto place = with_slots(1, Arbitration::RoundRobin);
  ASSERT_EQ(place.chip().host.latency_cycles, 100U);
  Sequencer s(place, users);
  for (const std::uint32_t u : {0U, 0U, 1U, 3U}) s.prompt_arrived(u, Cycles(10));
  ASSERT_TRUE(s.decide(Cycles(10)));
  EXPECT_FALSE(s.decide(Cycles(300)));
  EXPECT_EQ(s.outcome(2).finish, Finish::Cancelled);
  EXPECT_FALSE(s.decide(Cycles(400)));
  EXPECT_EQ(s.outcome(1).finish, Finish::Cancelled);
  EXPECT_EQ(s.outcome(1).admitted.count(), 0U);
  s.prompt_arrived(2, Cycles(420));  // its prompt was on the wire
  EXPECT_FALSE(s.commit(0, false, {}, Cycles(450)));
  s.stage_free(Cycles(450));
  ASSERT_TRUE(s.decide(Cycles(499)));  // its last prompt token still goes
  EXPECT_FALSE(s.decide(Cycles(500)));
  EXPECT_NE(s.outcome(0).finish, Finish::Cancelled);  // until that is done
  s.stage_free(Cycles(600));
  EXPECT_TRUE(s.commit(0, true, {}, Cycles(600)));
  EXPECT_EQ(s.outcome(0).finish, Finish::Cancelled);
  EXPECT_EQ(s.outcome(0).answer_tokens, 1U);
  const auto next = s.decide(Cycles(600));
  ASSERT_TRUE(next);
  EXPECT_EQ(next->user, 3U);
  EXPECT_EQ(s.outcome(3).admitted, Cycles(600));
  EXPECT_TRUE(s.commit(3, true, {}, Cycles(700)));
  EXPECT_TRUE(s.all_finished());
}

TEST(Sequencer, NewsOfALaterCycleIsNotSeen) {
  Driven d(placed(), {user(1, 1)});
  d.sequencer.prompt_arrived(0, Cycles(10));
  EXPECT_FALSE(d.sequencer.decide(Cycles(9)));
  EXPECT_TRUE(d.sequencer.decide(Cycles(10)));
}

TEST(Sequencer, EndsAtAnEndTokenAndWhenTheKvCacheIsFull) {
  auto request = user(1, 9);
  request.end_tokens = {7, 8};
  Driven ends(placed(), {request});
  ends.arrive(0);
  (void)ends.decide();
  EXPECT_TRUE(ends.commit(0, true, 3U));
  ends.free();
  (void)ends.decide();
  EXPECT_TRUE(ends.commit(0, true, 8U));
  EXPECT_EQ(ends.sequencer.outcome(0).finish, Finish::EndOfText);
  EXPECT_EQ(ends.sequencer.outcome(0).answer, (std::vector<base::TokenId>{3, 8}));
  Driven full(with_slots(1, Arbitration::RoundRobin, WhenFull::Queue, 8), {user(1, 9)});  // 2 tokens
  full.arrive(0);
  EXPECT_EQ(full.pass(), 0U);
  EXPECT_EQ(full.pass(), 0U);
  EXPECT_EQ(full.sequencer.outcome(0).finish, Finish::KvFull);
  EXPECT_EQ(full.sequencer.outcome(0).answer_tokens, 2U);
}

TEST(Sequencer, UsersTakeTurns) {
  Driven d(with_slots(3, Arbitration::RoundRobin), {user(1, 3), user(1, 3), user(1, 2), user(1, 1)});
  for (std::uint32_t u = 0; u < 4; ++u) d.arrive(u);
  std::vector<std::uint32_t> order;
  while (!d.sequencer.all_finished()) order.push_back(d.pass());
  // Three slots; the fourth user gets the third one's when that is done.
  EXPECT_EQ(order, (std::vector<std::uint32_t>{0, 1, 2, 0, 1, 2, 0, 1, 3}));
}

TEST(Sequencer, DecodeOrPrefillGoesFirstAsTheConfigSays) {
  const auto order = [](Arbitration turn) {
    Driven d(with_slots(2, turn), {user(1, 3), user(3, 1)});
    for (const std::uint32_t u : {0, 1, 1, 1}) d.arrive(u);
    std::vector<std::uint32_t> users;
    while (!d.sequencer.all_finished()) users.push_back(d.pass());
    return users;
  };
  EXPECT_EQ(order(Arbitration::RoundRobin), (std::vector<std::uint32_t>{0, 1, 0, 1, 0, 1}));
  EXPECT_EQ(order(Arbitration::DecodeFirst), (std::vector<std::uint32_t>{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(order(Arbitration::PrefillFirst), (std::vector<std::uint32_t>{0, 1, 1, 1, 0, 0}));
}

TEST(Sequencer, AFullKvCacheMakesUsersWaitOrRefusesThem) {
  // 5 tokens of KV; each user reserves 1 + 3 - 1 = 3.
  Driven queue(with_slots(4, Arbitration::RoundRobin, WhenFull::Queue, 20), {user(1, 3), user(1, 3)});
  queue.arrive(0);
  queue.arrive(1);
  std::vector<std::uint32_t> order;
  while (!queue.sequencer.all_finished()) order.push_back(queue.pass());
  EXPECT_EQ(order, (std::vector<std::uint32_t>{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(queue.sequencer.most_kv_tokens(), 3U);
  Driven refuse(with_slots(4, Arbitration::RoundRobin, WhenFull::Refuse, 20), {user(1, 3), user(1, 3)});
  refuse.arrive(0);
  refuse.arrive(1);
  while (!refuse.sequencer.all_finished()) (void)refuse.pass();
  EXPECT_EQ(refuse.sequencer.outcome(0).finish, Finish::MaxTokens);
  EXPECT_EQ(refuse.sequencer.outcome(1).finish, Finish::Refused);
  EXPECT_EQ(refuse.sequencer.outcome(1).answer_tokens, 0U);
}

}  // namespace
}  // namespace kiln::chip
