// What `kiln cost` says, from answers asked in the process: the document, the tables, the picture.
#include "report/cost_report.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "kiln/study/run.hpp"
#include "report/run_report.hpp"
#include "support/study_test.hpp"

namespace kiln::report {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class CostDocument : public test::StudyTest {
 protected:
  [[nodiscard]] study::CostAnswer answer(const std::string& chip, const std::string& model, bool break_even = false) {
    study::CostQuestion question;
    question.chip = chip;
    question.model = model;
    question.prompt_tokens = question.new_tokens = 16;
    question.break_even = break_even;
    auto answer = study::cost(question, environment_);
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return *std::move(answer);
  }
};

TEST_F(CostDocument, LinesOfTheMoneyAddUp) {
  const auto cost = json::parse(cost_json(answer("hc1", "llama-3.1-8b")));
  const json& tokens = cost["money"]["usd_per_million_tokens"];
  double lines = 0;
  for (const auto& [key, line] : tokens.items()) lines += key == "total" ? 0 : line["typical"].get<double>();
  EXPECT_NEAR(lines, tokens["total"]["typical"].get<double>(), 1e-9 * lines);
}

TEST_F(CostDocument, LinksOfTheHc1FamilyHaveTheStagesThatTheirFloorplansTake) {
  // On the first die or the last of ten, which are smaller than the others.
  const std::set<std::string> of_other_dies = {"sequencer_to_embedding", "embedding_to_vector", "vector_to_sequencer"};
  for (const auto& [chip, model] : {std::pair("hc1", "llama-3.1-8b"),
                                    {"hc1-cell-per-weight", "llama-3.1-8b"},
                                    {"hc1-pipelined", "llama-3.1-8b"},
                                    {"hc1-x10", "llama-3.1-70b"}}) {
    const auto cost = json::parse(cost_json(answer(chip, model)));
    std::size_t held = 0;
    for (const auto& link : cost["silicon"]["links"]) {
      if (link["length_mm"] <= 0) continue;
      if (chip == std::string("hc1-x10") && of_other_dies.contains(link["link"].get<std::string>()))
        EXPECT_GE(link["configured_stages"], link["stages"]) << chip << " " << link;
      else
        EXPECT_EQ(link["configured_stages"], link["stages"]) << chip << " " << link;
      ++held;
    }
    EXPECT_GT(held, 0U) << chip;
  }
}

TEST_F(CostDocument, ARunHasTheSameDesignPoint) {
  // What was asked and answered; the second opinion; a question that one sequence on one stage has beside its own.
  const std::set<std::string> of_run = {"command",   "seed",        "temperature",    "timing_only", "text",
                                        "token_ids", "closed_form", "batch_register", "host"};
  const std::set<std::string> of_cost = {"command", "run"};  // `run`: the lengths that were asked for
  for (const auto& [chip, model] : {std::pair("hc1", "llama-3.1-8b"),
                                    {"hc1-pipelined", "llama-3.1-8b"},
                                    {"hc1-x10", "llama-3.1-70b"},
                                    {"demo", "kiln-stories-1m"}}) {
    SCOPED_TRACE(chip);
    study::RunQuestion question;
    question.chip = chip;
    question.model = model;
    question.prompt_tokens = question.new_tokens = 16;
    const auto ran = study::run(question, environment_);
    ASSERT_TRUE(ran.ok()) << ran.error().message;
    const auto run = json::parse(run_json(*ran)), cost = json::parse(cost_json(answer(chip, model)));
    std::size_t shared = 0;
    for (const auto& [key, value] : cost.items()) {
      if (of_cost.contains(key)) continue;
      EXPECT_EQ(run[key], value) << key;
      ++shared;
    }
    for (const auto& [key, value] : run.items())
      EXPECT_EQ(cost.contains(key), key == "command" || !of_run.contains(key)) << key;
    EXPECT_GE(shared, 38U);
    for (const auto* key : {"verdict", "warnings", "tokens_per_s_user", "ttft_us", "kv", "limited_by", "area_mm2",
                            "silicon", "money", "baseline", "energy_mj_per_token", "accuracy"})
      EXPECT_TRUE(cost.contains(key)) << key;
    for (const auto& gpu : cost["baseline"]) {
      EXPECT_DOUBLE_EQ(gpu["energy_mj_per_token"], 1e3 * gpu["energy_j_per_token"].get<double>());
      EXPECT_EQ(gpu["speedup"].is_null(), cost["verdict"]["buildable"] == false);
    }
    EXPECT_EQ(cost["accuracy"].is_object(), model == std::string("kiln-stories-1m"));
  }
}

TEST_F(CostDocument, VerdictComesFirst) {
  EXPECT_THAT(cost_text(answer("hc1", "llama-3.1-8b")), testing::StartsWith("buildable: chip hc1 with llama-3.1-8b\n"));
  const auto large = answer("hc1-pipelined", "llama-3.1-8b");
  EXPECT_THAT(
      cost_text(large),
      testing::StartsWith("not buildable: chip hc1-pipelined with llama-3.1-8b, for 2 reasons\n  - the die has "));
  const auto verdict = json::parse(cost_json(large))["verdict"];
  EXPECT_EQ(verdict["buildable"], false);
  EXPECT_EQ(verdict["reasons"][0]["kind"], "die_area");
  EXPECT_EQ(verdict["reasons"][0]["limit"], cost::kReticleMm2);
  EXPECT_EQ(verdict["reasons"][0]["unit"], "mm2");
  EXPECT_EQ(verdict["reasons"][1]["kind"], "die_count");
}

TEST_F(CostDocument, PictureHasTheTablesAreas) {
  const auto cost = answer("hc1", "llama-3.1-8b");
  const std::string svg = die_svg(cost);
  EXPECT_THAT(svg, HasSubstr("xmlns=\"http://www.w3.org/2000/svg\""));
  const auto sum_of = [&](const std::string& key) {
    double sum = 0;
    for (std::size_t at = 0; (at = svg.find(key + "=\"", at)) != std::string::npos;) {
      at += key.size() + 2;
      sum += std::stod(svg.substr(at, svg.find('"', at) - at));
    }
    return sum;
  };
  const double area = cost.chip.die.area_mm2.typical;
  // Sums of doubles that are written out in full, in another order.
  EXPECT_NEAR(sum_of("data-die-mm2"), area, 1e-9 * area);
  EXPECT_NEAR(sum_of("data-area-mm2"), area, 1e-9 * area);
}

TEST_F(CostDocument, TablesFitATerminal) {
  for (const auto& [chip, model] :
       {std::pair("hc1", "llama-3.1-8b"), {"hc1-pipelined", "llama-3.1-8b"}, {"demo", "kiln-stories-1m"}}) {
    std::istringstream lines(cost_text(answer(chip, model, true)));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << chip << ": " << line;
  }
}

TEST_F(CostDocument, SaysWhenBakingNeverPays) {
  const auto text = cost_text(answer("hc1", "llama-3.1-8b", true));
  EXPECT_THAT(text, HasSubstr("never"));
  EXPECT_THAT(text, Not(HasSubstr("nan")));
  EXPECT_THAT(text, Not(HasSubstr("inf")));
}

TEST_F(CostDocument, ADieThatNoWaferHoldsHasAnAreaAndNoPrice) {
  const auto cost = answer("hnlpu", "gpt-oss-120b-dense");
  const auto document = json::parse(cost_json(cost));
  EXPECT_FALSE(document["silicon"]["fits_reticle"]["low"]);
  EXPECT_FALSE(document.contains("money"));
  EXPECT_THAT(cost_text(cost), HasSubstr("no price: a die of"));
  EXPECT_THAT(cost_text(cost), HasSubstr("BEYOND the reticle"));
}

}  // namespace
}  // namespace kiln::report
