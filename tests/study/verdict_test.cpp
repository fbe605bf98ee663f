// Whether a chip can be built, and every reason why not.
#include "kiln/study/verdict.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "kiln/config/latencies.hpp"
#include "kiln/study/cost.hpp"
#include "kiln/study/run.hpp"
#include "support/study_test.hpp"

namespace kiln::study {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class VerdictStudy : public test::StudyTest {
 protected:
  [[nodiscard]] static CostAnswer weighed(const std::string& chip, const std::string& model,
                                          std::vector<config::Override> changes = {},
                                          const std::string& kind = "chip") {
    auto environment = with(kind, std::move(changes));
    CostQuestion question;
    question.chip = chip;
    question.model = model;
    question.prompt_tokens = question.new_tokens = 4;
    auto answer = cost(question, environment);
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return *std::move(answer);
  }
  [[nodiscard]] static RunAnswer ran(const std::string& chip, const std::string& model, std::uint64_t tokens,
                                     std::vector<config::Override> changes = {}) {
    auto environment = with("chip", std::move(changes));
    RunQuestion question;
    question.chip = chip;
    question.model = model;
    question.prompt_tokens = question.new_tokens = tokens;
    auto answer = run(question, environment);
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return *std::move(answer);
  }
  [[nodiscard]] static std::vector<ReasonKind> kinds(const Verdict& verdict) {
    std::vector<ReasonKind> kinds;
    for (const auto& reason : verdict.reasons) kinds.push_back(reason.kind);
    return kinds;
  }
};

TEST_F(VerdictStudy, WhatIsWithinAllLimitsIsBuildable) {
  for (const auto& [chip, model] : {std::pair("hc1", "llama-3.1-8b"),
                                    {"hc1-cell-per-weight", "llama-3.1-8b"},
                                    {"roma", "llama-3.1-8b"},
                                    {"demo", "kiln-stories-1m"}}) {
    const auto answer = weighed(chip, model);
    EXPECT_EQ(answer.verdict.buildable, true) << chip;
    EXPECT_TRUE(answer.verdict.reasons.empty()) << chip;
    EXPECT_TRUE(answer.warnings.empty()) << chip;
  }
}

TEST_F(VerdictStudy, AClockThatIsTooHighNamesEveryPathAndEveryLink) {
  // With hc1's latencies and links as numbers; auto would follow the clock.
  auto chip = weighed("hc1", "llama-3.1-8b").placement.chip();
  std::vector<config::Override> changes = {"clock_mhz=4000"};
  config::for_each_latency(chip, [&](const std::string& key, const std::uint32_t& cycles) {
    changes.push_back(key + "=" + std::to_string(cycles));
  });
  const auto answer = weighed("hc1", "llama-3.1-8b", changes);
  EXPECT_EQ(answer.verdict.buildable, false);
  std::vector<std::string> expected, found;
  for (const auto& path : answer.chip.paths)
    if (!path.meets_typical()) expected.push_back(path.name);
  for (const auto& wire : answer.chip.die.wires)
    if (wire.length_mm > 0 && answer.placement.chip().link[wire.link] < wire.registers)
      expected.emplace_back(config::name(wire.link));
  for (const auto& reason : answer.verdict.reasons)
    if (!reason.what.empty()) found.push_back(reason.what);
  EXPECT_GE(found.size(), 12U);
  EXPECT_EQ(found, expected);
  const Reason& path = answer.verdict.reasons.front();
  EXPECT_EQ(path.kind, ReasonKind::ClockPath);
  EXPECT_EQ(path.unit, "ps");
  EXPECT_GT(path.found, path.limit);
  EXPECT_THAT(path.sentence, HasSubstr("at 4000 MHz: slack -"));
  ASSERT_EQ(answer.warnings.size(), 1U);
  EXPECT_THAT(answer.warnings[0], testing::StartsWith("chip hc1 is not buildable: "));
  for (const auto& reason : answer.verdict.reasons) EXPECT_THAT(answer.warnings[0], HasSubstr(reason.sentence));
}

TEST_F(VerdictStudy, ALinkNeedsAsManyRegistersAsItsFloorplanAsksFor) {
  const auto answer = weighed("hc1", "llama-3.1-8b", {"link.vector_to_array=3"});
  ASSERT_THAT(kinds(answer.verdict), ElementsAre(ReasonKind::LinkRegisters));
  EXPECT_EQ(answer.verdict.reasons[0].what, "vector_to_array");
  EXPECT_EQ(answer.verdict.reasons[0].found, 3);
  EXPECT_EQ(answer.verdict.reasons[0].limit, 4);
  EXPECT_EQ(weighed("hc1", "llama-3.1-8b", {"link.vector_to_array=6"}).verdict.buildable, true);
}

TEST_F(VerdictStudy, AHeadThatInheritsItsTileIsNamedWhereItIsMuchOfTheDie) {
  const auto own = weighed("hc1", "llama-3.2-3b");
  EXPECT_TRUE(own.warnings.empty());
  const auto inherited =
      weighed("hc1", "llama-3.2-3b", {"tiles={}", "tile.rows=256", "tile.inputs_per_cycle=4", "reasons={}"});
  ASSERT_FALSE(inherited.warnings.empty());
  EXPECT_THAT(inherited.warnings[0], HasSubstr("the LM head inherits /tile and takes "));
  EXPECT_THAT(inherited.warnings[0], HasSubstr("a tile of its own (/tiles/lm_head)"));
}

TEST_F(VerdictStudy, ADieBeyondTheReticleIsSeveral) {
  const auto answer = weighed("hc1-pipelined", "llama-3.1-8b");
  ASSERT_THAT(kinds(answer.verdict), ElementsAre(ReasonKind::DieArea, ReasonKind::DieCount));
  EXPECT_EQ(answer.verdict.buildable, false);
  EXPECT_EQ(answer.verdict.reasons[0].found, answer.chip.die.area_mm2.typical);
  EXPECT_EQ(answer.verdict.reasons[0].limit, cost::kReticleMm2);
  EXPECT_EQ(answer.verdict.reasons[1].found, 1);
  EXPECT_EQ(answer.verdict.reasons[1].limit, std::ceil(answer.chip.die.area_mm2.typical / cost::kReticleMm2));
  // A row of ten whose largest die is too large needs more than ten.
  const auto row = weighed("hc1-x10", "llama-3.1-70b");
  ASSERT_THAT(kinds(row.verdict), ElementsAre(ReasonKind::DieArea, ReasonKind::DieCount));
  EXPECT_EQ(row.verdict.reasons[1].found, 10);
  EXPECT_GT(row.verdict.reasons[1].limit, 10);
}

TEST_F(VerdictStudy, TheKvCacheHoldsTheLengthsThatAreAskedFor) {
  // The last answer token never enters it.
  const auto capacity = ran("hc1", "llama-3.1-8b", 2).placement.kv().capacity_tokens;
  ASSERT_EQ(capacity, 6152U);
  const std::vector<config::Override> small = {"kv.depth_words=1"};
  const auto held = ran("hc1", "llama-3.1-8b", 3, small);
  ASSERT_EQ(held.placement.kv().capacity_tokens, 6U);
  EXPECT_EQ(held.verdict.buildable, true);
  const auto full = ran("hc1", "llama-3.1-8b", 4, small);
  ASSERT_THAT(kinds(full.verdict), ElementsAre(ReasonKind::KvCapacity));
  EXPECT_EQ(full.verdict.reasons[0].found, 6);
  EXPECT_EQ(full.verdict.reasons[0].limit, 7);
  EXPECT_EQ(full.verdict.reasons[0].sentence, "the KV cache holds 6 tokens, the lengths asked for need 7");
}

TEST_F(VerdictStudy, WhatCannotBeCooledCannotBeBuilt) {
  const auto answer = weighed("hc1", "llama-3.1-8b", {"host_io_w.typical=1500", "host_io_w.high=2000"}, "tech");
  ASSERT_THAT(kinds(answer.verdict), ElementsAre(ReasonKind::PowerDensity));
  EXPECT_EQ(answer.verdict.reasons[0].found, answer.chip.energy.power_w.typical / answer.chip.die.area_mm2.typical);
  EXPECT_GT(answer.verdict.reasons[0].found, kCoolableWPerMm2);
}

TEST_F(VerdictStudy, WithoutSiliconItIsNotKnown) {
  const auto bare = write("bare.json", without_silicon("demo"));
  const auto answer = ran(bare, "kiln-stories-1m", 4);
  EXPECT_FALSE(answer.verdict.buildable.has_value());
  EXPECT_THAT(kinds(answer.verdict), ElementsAre(ReasonKind::NoSilicon));
  EXPECT_THAT(answer.warnings, ElementsAre(testing::StartsWith("chip demo is not known to be buildable: ")));
  // What is known to be wrong is wrong all the same.
  EXPECT_EQ(ran(bare, "kiln-stories-1m", 1500).verdict.buildable, false);
}

TEST_F(VerdictStudy, RunAndCostSayTheSame) {
  for (const auto& changes : {std::vector<config::Override>{}, {"clock_mhz=2000"}, {"kv.depth_words=100000"}}) {
    const auto of_cost = weighed("hc1", "llama-3.1-8b", changes);
    const auto of_run = ran("hc1", "llama-3.1-8b", 4, changes);
    EXPECT_EQ(of_run.verdict.buildable, of_cost.verdict.buildable);
    EXPECT_EQ(of_run.warnings, of_cost.warnings);
  }
}

}  // namespace
}  // namespace kiln::study
