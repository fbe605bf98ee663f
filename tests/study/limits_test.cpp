// What limits a chip: groups add up, a change is what `--set` of the same question gives, conflicts have a way out.
#include "kiln/study/limits.hpp"

#include <set>

#include "kiln/study/cost.hpp"
#include "kiln/study/run.hpp"
#include "support/study_test.hpp"

namespace kiln::study {
namespace {

class LimitsStudy : public test::StudyTest {
 protected:
  static CostQuestion question(const std::string& chip, const std::string& model) {
    CostQuestion question;
    question.chip = chip;
    question.model = model;
    question.prompt_tokens = 96;
    question.new_tokens = 8;
    question.limits = true;
    return question;
  }
  static CostAnswer answer(const CostQuestion& question, std::vector<config::Override> changes = {}) {
    auto environment = with("chip", std::move(changes));
    auto answer = cost(question, environment);
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return *std::move(answer);
  }
  static const WhatIf& best(const Limits& limits, TimeGroup group) {
    for (const auto& of : limits.groups)
      if (of.group == group && !of.would_help.empty()) return of.would_help.front();
    throw std::runtime_error("nothing helps");
  }
};

TEST_F(LimitsStudy, EveryUnitIsInAGroupAndGroupsAddUp) {
  for (const auto& [chip, model] : {std::pair("hc1", "llama-3.1-8b"),
                                    {"hc1-pipelined", "llama-3.1-8b"},
                                    {"roma", "llama-3.1-8b"},
                                    {"demo", "kiln-stories-1m"}}) {
    SCOPED_TRACE(chip);
    const auto cost = answer(question(chip, model));
    ASSERT_TRUE(cost.limits);
    base::Cycles groups, path;
    double shares = 0, before = 1;
    for (const auto& group : cost.limits->groups) {
      groups += group.cycles;
      shares += group.share;
      EXPECT_LE(group.share, before);
      before = group.share;
      for (std::size_t i = 1; i < group.would_help.size(); ++i)
        EXPECT_GE(group.would_help[i - 1].gain, group.would_help[i].gain);
    }
    for (const auto cycles : cost.result.chip.critical_path) path += cycles;
    EXPECT_EQ(groups, path);
    EXPECT_NEAR(shares, 1, 1e-12);
    EXPECT_DOUBLE_EQ(cost.limits->tokens_per_s_user, *cost.result.speed.tokens_per_s_user);
    EXPECT_GT(best(*cost.limits, TimeGroup::Weights).gain, 0.1);
    EXPECT_GT(best(*cost.limits, TimeGroup::Weights).area_mm2, 0);
  }
}

TEST_F(LimitsStudy, AChangeIsWhatSettingItGives) {
  for (const auto& [chip, model] : {std::pair("hc1", "llama-3.1-8b"), {"demo", "kiln-stories-1m"}}) {
    const auto asked = question(chip, model);
    const auto now = answer(asked);
    ASSERT_TRUE(now.limits);
    std::size_t points = 0;
    std::set<std::string> seen;
    for (const auto& group : now.limits->groups)
      for (const auto& what_if : group.would_help) {
        points += seen.insert(what_if.what).second ? 1 : 0;
        if (&what_if != &group.would_help.front()) continue;
        SCOPED_TRACE(what_if.what);
        std::vector<config::Override> changes;
        for (const auto& change : what_if.changes) changes.push_back(change.key + "=" + change.to);
        const auto then = answer(asked, changes);
        EXPECT_DOUBLE_EQ(what_if.tokens_per_s_user, *then.result.speed.tokens_per_s_user);
        EXPECT_NEAR(what_if.gain, *then.result.speed.tokens_per_s_user / *now.result.speed.tokens_per_s_user - 1,
                    1e-12);
        EXPECT_NEAR(what_if.area_mm2, then.chip.die.area_mm2.typical - now.chip.die.area_mm2.typical, 1e-9);
        EXPECT_NEAR(what_if.power_w, then.chip.energy.power_w.typical - now.chip.energy.power_w.typical, 1e-9);
        EXPECT_EQ(what_if.verdict.buildable, then.verdict.buildable);
      }
    EXPECT_GE(points, 6U);
    EXPECT_LE(points, kMostWhatIfs);
  }
}

TEST_F(LimitsStudy, TheNextValueIsTheFirstThatTheFormulaTellsApart) {
  const auto asked = question("hc1", "llama-3.1-8b");
  const auto now = answer(asked, {"attention.tokens_parallel=20"});
  const auto rate = [&](std::uint32_t tokens) {
    return *answer(asked, {"attention.tokens_parallel=" + std::to_string(tokens)}).result.speed.tokens_per_s_user;
  };
  std::vector<std::string> of_tokens;
  for (const auto& group : now.limits->groups)
    for (const auto& what_if : group.would_help)
      if (what_if.what.starts_with("attention.tokens_parallel")) of_tokens.push_back(what_if.what);
  // 96 to 103 tokens of context, 100 in the middle: 5 blocks of 20, 4 of 25 or more.
  EXPECT_THAT(of_tokens, testing::UnorderedElementsAre("attention.tokens_parallel 20 -> 25",
                                                       "attention.tokens_parallel 20 -> 40"));
  EXPECT_GT(rate(25), rate(20));
}

TEST_F(LimitsStudy, BankConflictsComeWithTheNumberOfBanksThatRemovesThem) {
  auto asked = question("hc1", "llama-3.1-8b");
  const auto with_banks = [&](const char* banks) {
    return answer(asked, {"attention.tokens_parallel=32", "kv.depth_words=3072", std::string("kv.banks=") + banks});
  };
  const auto rate = [](const CostAnswer& cost) { return *cost.result.speed.tokens_per_s_user; };
  const auto odd = with_banks("257");
  ASSERT_TRUE(odd.limits);
  EXPECT_FALSE(odd.limits->bank_conflicts);
  for (const auto* banks : {"255", "256"}) {
    SCOPED_TRACE(banks);
    const auto cost = with_banks(banks);
    ASSERT_TRUE(cost.limits && cost.limits->bank_conflicts);
    const auto& conflicts = *cost.limits->bank_conflicts;
    EXPECT_GT(conflicts.share, kSmallestShare);
    ASSERT_FALSE(conflicts.would_help.empty());
    const auto& hint = conflicts.would_help.front();
    EXPECT_TRUE(hint.removes);
    EXPECT_EQ(hint.what_if.what, std::string("kv.banks ") + banks + " -> 257");
    EXPECT_DOUBLE_EQ(hint.what_if.tokens_per_s_user, rate(odd));
    EXPECT_GT(hint.what_if.gain, 0.01);
  }
}

TEST_F(LimitsStudy, TooFewBanksForACyclesWordsAreNoMatterOfTheirNumber) {
  const auto cost = answer(question("hc1", "llama-3.1-8b"), {"kv.banks=97", "kv.depth_words=8192"});
  ASSERT_TRUE(cost.limits && cost.limits->bank_conflicts);
  for (const auto& hint : cost.limits->bank_conflicts->would_help) EXPECT_FALSE(hint.removes);
}

TEST_F(LimitsStudy, AreOfOneUserOnly) {
  auto asked = question("demo", "kiln-stories-1m");
  asked.prompt_tokens = 4;
  EXPECT_TRUE(answer(asked).limits);
  asked.users = 2;
  EXPECT_FALSE(answer(asked).limits);
  asked.users = 1;
  asked.new_tokens = 1;  // no rate
  EXPECT_FALSE(answer(asked).limits);
}

TEST_F(LimitsStudy, OfARunAreThoseOfItsCost) {
  const auto cost = answer(question("demo", "kiln-stories-1m"));
  RunQuestion asked;
  asked.limits = true;
  asked.chip = "demo";
  asked.model = "kiln-stories-1m";
  asked.prompt_tokens = 96;
  asked.new_tokens = 8;
  const auto ran = run(asked, environment_);
  ASSERT_TRUE(ran.ok() && ran->limits && cost.limits);
  ASSERT_EQ(ran->limits->groups.size(), cost.limits->groups.size());
  for (std::size_t g = 0; g < cost.limits->groups.size(); ++g)
    EXPECT_EQ(ran->limits->groups[g].would_help.size(), cost.limits->groups[g].would_help.size());
}

}  // namespace
}  // namespace kiln::study
