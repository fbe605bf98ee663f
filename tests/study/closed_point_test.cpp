// A design point from the closed form is the one that `kiln cost` simulates.
#include "kiln/study/closed_point.hpp"

#include "kiln/study/cost.hpp"
#include "support/study_test.hpp"

namespace kiln::study {
namespace {

class ClosedPointStudy : public test::StudyTest {
 protected:
  [[nodiscard]] base::Result<ClosedPoint> point(const std::string& chip, const std::string& model, std::uint64_t prompt,
                                                std::uint64_t answer,
                                                std::vector<config::Override> changes = {}) const {
    auto environment = with("chip", std::move(changes));
    const auto& configs = environment.configs();
    const auto config = configs.chip(chip).value();
    const auto tech = configs.tech(config.silicon->technology).value();
    const auto of_model = configs.model(model).value();
    const auto recipe = configs.recipe("w3w6").value();
    return closed_point(config, {of_model, recipe, tech, prompt, answer});
  }
};

void expect_same(const base::Range& a, const base::Range& b) {
  for (const auto corner : base::kCorners) EXPECT_NEAR(a.at(corner), b.at(corner), 1e-12 * b.at(corner));
}

TEST_F(ClosedPointStudy, IsWhatIsSimulated) {
  for (const auto& [chip, model] : {std::pair("hc1", "llama-3.1-8b"),
                                    {"hc1-pipelined", "llama-3.1-8b"},
                                    {"hc1-x10", "llama-3.1-70b"},
                                    {"roma", "llama-3.1-8b"},
                                    {"demo", "kiln-stories-1m"},
                                    {"demo-bit-serial", "kiln-stories-1m"}}) {
    SCOPED_TRACE(chip);
    CostQuestion question;
    question.chip = chip;
    question.model = model;
    question.recipe = "w3w6";
    question.prompt_tokens = 5;
    question.new_tokens = 7;
    const auto simulated = cost(question, environment_);
    ASSERT_TRUE(simulated.ok()) << simulated.error().message;
    const auto closed = point(chip, model, 5, 7);
    ASSERT_TRUE(closed.ok()) << closed.error().message;
    EXPECT_EQ(closed->total, simulated->result.chip.total);
    EXPECT_DOUBLE_EQ(closed->tokens_per_s_user, *simulated->result.speed.tokens_per_s_user);
    EXPECT_DOUBLE_EQ(closed->tokens_per_s_total, simulated->result.speed.tokens_per_s_total);
    EXPECT_DOUBLE_EQ(closed->ttft_us, *simulated->result.speed.ttft_us);
    expect_same(closed->chip.energy.power_w, simulated->chip.energy.power_w);
    expect_same(closed->chip.die.area_mm2, simulated->chip.die.area_mm2);
    EXPECT_EQ(closed->verdict.buildable, simulated->verdict.buildable);
    ASSERT_EQ(closed->verdict.reasons.size(), simulated->verdict.reasons.size());
    for (std::size_t i = 0; i < closed->verdict.reasons.size(); ++i)
      EXPECT_EQ(closed->verdict.reasons[i].sentence, simulated->verdict.reasons[i].sentence);
  }
}

TEST_F(ClosedPointStudy, RefusesWhatHasNoPlaceAndNoSilicon) {
  EXPECT_EQ(refusal(point("hc1", "llama-3.1-8b", 6000, 1000)),
            "chip hc1: its KV cache holds 6152 tokens, 6999 are asked for");
  auto chip = environment_.configs().chip("demo").value();
  chip.silicon.reset();
  const auto model = environment_.configs().model("kiln-stories-1m").value();
  EXPECT_EQ(refusal(closed_point(chip, {model, {}, {}, 4, 4})),
            "chip demo has no /silicon; its technology and ROM cell are expected");
}

}  // namespace
}  // namespace kiln::study
