// Sequencer: which token is next, and when an answer ends.
#include "chip/sequencer.hpp"

#include "chip/chip_testing.hpp"

namespace kiln::chip {
namespace {

using base::Cycles;
using config::ChipConfig;
using config::ModelConfig;

TEST(Sequencer, IssuesPromptTokensAsTheyArriveAndOneAtATime) {
  Sequencer sequencer(placed(), 2, 2, {});
  EXPECT_FALSE(sequencer.can_issue());
  sequencer.prompt_arrived();
  EXPECT_TRUE(sequencer.can_issue());
  EXPECT_FALSE(sequencer.issue().with_logits);
  sequencer.prompt_arrived();
  EXPECT_FALSE(sequencer.can_issue());  // one token is in the chip
  EXPECT_FALSE(sequencer.commit({}));
  EXPECT_TRUE(sequencer.can_issue());
  const Sequencer::Token last = sequencer.issue();
  EXPECT_TRUE(last.with_logits);
  EXPECT_TRUE(last.from_prompt);
  EXPECT_TRUE(sequencer.commit({}));
  EXPECT_FALSE(sequencer.issue().from_prompt);
  EXPECT_TRUE(sequencer.commit({}));
  EXPECT_EQ(sequencer.finish(), Finish::MaxTokens);
  EXPECT_FALSE(sequencer.can_issue());
}

TEST(Sequencer, EndsAtAnEndTokenAndWhenTheKvCacheIsFull) {
  Sequencer ends(placed(), 1, 9, {7, 8});
  ends.prompt_arrived();
  ends.issue();
  EXPECT_TRUE(ends.commit(3U));
  EXPECT_FALSE(ends.finish());
  ends.issue();
  EXPECT_TRUE(ends.commit(8U));
  EXPECT_EQ(ends.finish(), Finish::EndOfText);
  EXPECT_EQ(ends.answer_tokens(), 2U);
  const auto small =
      placed([](ModelConfig&, ChipConfig& c) { c.kv = {1, 1, 64, 4 * 2, 1, 1, 0}; });  // 4 words a token: 2 tokens
  ASSERT_EQ(small.kv().capacity_tokens, 2U);
  Sequencer full(small, 1, 9, {});
  full.prompt_arrived();
  full.issue();
  full.commit({});
  EXPECT_FALSE(full.finish());
  full.issue();
  full.commit({});
  EXPECT_EQ(full.finish(), Finish::KvFull);
}

TEST(Sequencer, IssueAndCommitTakeTheirCycles) {
  const auto placement = placed([](ModelConfig&, ChipConfig& c) { c.sequencer = {3, 4}; });
  const Sequencer sequencer(placement, 1, 1, {});
  EXPECT_EQ(Operation(0, sequencer.issue_timing(), Cycles(10)).run().first(), Cycles(13));
  Operation commit(1, sequencer.commit_timing(), Cycles(20));
  EXPECT_TRUE(commit.run(Burst(Cycles(20), 1, 1)).empty());
  EXPECT_EQ(commit.result_at(), Cycles(24));
}

}  // namespace
}  // namespace kiln::chip
