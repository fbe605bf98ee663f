// What limits a chip, and a layer over time: the document, and lines that fit.
#include "report/limits_report.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "base/utf8.hpp"
#include "kiln/study/run.hpp"
#include "report/cost_report.hpp"
#include "report/run_report.hpp"
#include "support/study_test.hpp"

namespace kiln::report {
namespace {

using testing::HasSubstr;
using testing::Not;

class LimitsReport : public test::StudyTest {
 protected:
  static study::CostAnswer answer(const std::string& chip, const std::string& model,
                                  std::vector<config::Override> changes = {}) {
    auto environment = with("chip", std::move(changes));
    study::CostQuestion question;
    question.chip = chip;
    question.model = model;
    question.prompt_tokens = 96;
    question.new_tokens = 8;
    question.limits = question.timeline = true;
    auto answer = study::cost(question, environment);
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return *std::move(answer);
  }
  static void expect_within(const std::string& text, std::size_t columns) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(base::count_characters(line), columns) << line;
  }
};

TEST_F(LimitsReport, FitsATerminalForEveryChip) {
  for (const auto& [chip, model] : {std::pair("hc1", "llama-3.1-8b"),
                                    {"hc1-pipelined", "llama-3.1-8b"},
                                    {"hc1-x10", "llama-3.1-70b"},
                                    {"hnlpu", "gpt-oss-120b-dense"},
                                    {"roma", "llama-3.1-8b"},
                                    {"demo-bit-serial", "kiln-stories-1m"},
                                    {"demo", "kiln-stories-1m"}}) {
    SCOPED_TRACE(chip);
    const auto cost = answer(chip, model);
    ASSERT_TRUE(cost.limits);
    expect_within(limits_text(*cost.limits, 100), 100);
    expect_within(help_lines(*cost.limits, 100), 100);
    expect_within(timeline_text(*cost.timeline, 1000000), 80);
  }
}

TEST_F(LimitsReport, ShowsTheBestThatCanBeBuiltBesideTheBest) {
  const auto cost = answer("hc1", "llama-3.1-8b");
  const std::string text = limits_text(*cost.limits, 100);
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line) && !line.starts_with("weights")) {
  }
  EXPECT_THAT(line, testing::MatchesRegex("weights .* % .* -> .* \\+.* %  .*yes"));
  std::getline(lines, line);
  EXPECT_THAT(line, testing::EndsWith("NO: area"));
  EXPECT_THAT(cost_text(cost), HasSubstr(text));
  const auto line_of_run = help_lines(*cost.limits, 100);
  EXPECT_THAT(line_of_run, testing::MatchesRegex("  would help most: .* \\+.* % tokens/s, .*, buildable\n"));
}

TEST_F(LimitsReport, TheDocumentHasEveryChange) {
  const auto cost =
      answer("hc1", "llama-3.1-8b", {"attention.tokens_parallel=32", "kv.depth_words=3072", "kv.banks=256"});
  const auto document = Json::parse(cost_json(cost));
  const auto& limits = document["limits"];
  EXPECT_EQ(limits["tokens_per_s_user"], document["tokens_per_s_user"]);
  std::uint64_t cycles = 0;
  for (const auto& group : limits["groups"]) cycles += group["cycles"].get<std::uint64_t>();
  EXPECT_EQ(cycles, document["cycles_total"]);
  const auto& hint = limits["bank_conflicts"]["would_help"][0];
  EXPECT_EQ(hint["what"], "kv.banks 256 -> 257");
  EXPECT_EQ(hint["changes"], Json::parse(R"([{"key": "kv.banks", "from": "256", "to": "257"}])"));
  EXPECT_EQ(hint["removes"], true);
  EXPECT_EQ(hint["buildable"], true);
  for (const auto& text : {cost_text(cost), help_lines(*cost.limits, 100)})
    EXPECT_THAT(text, HasSubstr(" of the time; without them:\n    kv.banks 256 -> 257: +"));
}

TEST_F(LimitsReport, ATimelineIsDrawnToScale) {
  study::LayerTimeline timeline;
  timeline.context = 5;
  timeline.layer = 1;
  timeline.cycles = base::Cycles(39);  // a column is a cycle
  chip::TraceSpan span;
  span.unit = program::Unit::DownArray;
  span.work.kind = program::OpKind::Multiply;
  span.work.array = program::ArrayKind::Down;
  span.first = base::Cycles(2);
  span.last = base::Cycles(7);
  span.parts = {{chip::CycleCategory::WaitInput, base::Cycles(2), base::Cycles(4)},
                {chip::CycleCategory::Compute, base::Cycles(4), base::Cycles(7)}};
  timeline.spans = {span};
  EXPECT_THAT(timeline_text(timeline, 1), HasSubstr("\nmultiply down                  2       7   ░░███\n"));
  EXPECT_THAT(timeline_text(timeline, 1), testing::StartsWith("layer 1: 39 cycles for a token that sees 5 tokens; "));
  EXPECT_THAT(timeline_text(timeline, 1), testing::Not(HasSubstr("alone")));
  EXPECT_THAT(timeline_text(timeline, 3),
              HasSubstr("\nof one user alone in the chip: among the 3 that were asked for,\n"));
  const auto document = timeline_json(timeline);
  EXPECT_EQ(document["operations"][0]["operation"], "multiply down");
  EXPECT_EQ(document["operations"][0]["parts"][0]["cause"], "waiting_for_input");
}

}  // namespace
}  // namespace kiln::report
