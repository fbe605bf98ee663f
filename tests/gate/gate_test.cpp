// Baselines and checks: what is recorded, what counts as moved, how it is told, and when a program is slower.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/random.hpp"
#include "gate/arguments.hpp"
#include "gate/check.hpp"
#include "gate/pace.hpp"
#include "json/read.hpp"

namespace kiln::gate {
namespace {

using testing::HasSubstr;

json::Value tree(const std::string& text) {
  return json::read(text, 32, [](const json::Problem&) { return false; }).value();
}

const std::string kRun =
    R"({"command": "run", "chip": {"name": "demo"}, "model": {"name": "m"}, "recipe": {"name": "w4"},
  "cycles_total": 1000, "tokens_per_s_user": 5.5, "text": "Once", "kv": {"capacity_tokens": 64}, "token_ids": [1],
  "verdict": {"buildable": true}})";
const std::string kEval = R"({"command": "eval", "model": {"name": "m"}, "chip": {"perplexity": 10.0},
  "kl_divergence": 0.5, "top1_agreement": 0.9})";

Baseline baseline(const std::string& document, std::vector<std::string> command) {
  return {metrics_of(tree(document), command)};
}

Answer checked(const Baseline& of, const std::string& now) {
  return check(of, [&](const auto&) -> base::Result<json::Value> { return tree(now); }, {}).value();
}

std::string changed(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(Baselines, TakeTheFiguresThatMustComeAgain) {
  const auto all = baseline(kRun, {"run"});
  std::vector<std::string> paths;
  for (const auto& metric : all.metrics) paths.push_back(metric.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"cycles_total", "tokens_per_s_user", "kv.capacity_tokens",
                                             "verdict.buildable", "text"}));
  EXPECT_EQ(all.metrics[0].name, "run demo m w4: cycles_total");
}

TEST(Baselines, AreTheSameAfterReading) {
  auto all = baseline(kRun, {"run", "--prompt", "a \"b\"\n"});
  const auto text = to_text(all);
  const auto again = parse_baseline(text, "b.json");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(to_text(*again), text);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 7) << "a metric a line";
}

TEST(Baselines, SayWhatIsWrong) {
  const auto wrong = [](const std::string& text) { return parse_baseline(text, "b.json").error().message; };
  EXPECT_THAT(wrong("x"), HasSubstr("is no baseline"));
  EXPECT_THAT(wrong(R"({"version": 2, "metrics": []})"), HasSubstr("/version is 2; this Kiln reads version 1"));
  EXPECT_THAT(wrong(R"({"version": 1, "metrics": []})"), HasSubstr("at least one metric"));
  const auto text = to_text(baseline(kEval, {"eval"}));
  EXPECT_THAT(wrong(changed(text, "\"lower\"", "\"down\"")), HasSubstr("/metrics/0/direction is \"down\""));
  EXPECT_THAT(wrong(changed(text, "\"eval\"]", "\"rtl\"]")), HasSubstr("does not begin with run, eval, cost, bake or sweep"));
  EXPECT_THAT(wrong(changed(text, "\"eval\"]", "\"eval\", \"--json=/tmp/x\"]")), HasSubstr("no recorded command has"));
  EXPECT_THAT(wrong(changed(text, "\"unit\"", "\"units\"")), HasSubstr("/units is not a known key"));
}

TEST(Commands, AreKeptWithoutWhereTheyWriteAndHoldFromTheBaselinesFolder) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "gate_arguments";
  std::filesystem::create_directories(folder / "gates");
  std::ofstream(folder / "x.rom") << "x";
  const auto rom = (folder / "x.rom").string();
  EXPECT_EQ(recorded({"run", "--rom", rom, "--threads", "4", "--json=o.json", "--record", "b.json", "--prompt", "a/b",
                      "--set", "kv.banks=4"},
                     folder / "gates"),
            (std::vector<std::string>{"run", "--rom", "../x.rom", "--prompt", "a/b", "--set", "kv.banks=4"}));
  EXPECT_EQ(recorded({"bake", "synthetic:a:1", "-o", "/somewhere/y.rom"}, folder),
            (std::vector<std::string>{"bake", "synthetic:a:1", "-o", "y.rom"}));
  EXPECT_EQ(runnable({"bake", "c", "-o", "/etc/y.rom"}, "/s", "/s/d.json"),
            (std::vector<std::string>{"bake", "c", "-o", "/s/y.rom", "--json", "/s/d.json"}));
}

TEST(Checks, PassWhereNothingMoved) {
  const auto answer = checked(baseline(kRun, {"run"}), kRun);
  EXPECT_TRUE(answer.passed());
  EXPECT_EQ(answer.rows.size(), 5U);
}

TEST(Checks, FindOneCycle) {
  const auto answer = checked(baseline(kRun, {"run"}), changed(kRun, "1000", "1001"));
  EXPECT_FALSE(answer.passed());
  EXPECT_EQ(answer.rows[0].result, Result::Other);
  EXPECT_THAT(check_text(answer, "gate.json", Update::No, 100), HasSubstr("cycles_total: was 1000 cycles, is 1001 (+0.1 %)"));
  EXPECT_EQ(renewed(answer).metrics[0].value, json::Value(1001));
}

TEST(Checks, HoldAccuracyToItsToleranceBothWays) {
  const auto of = baseline(kEval, {"eval"});
  EXPECT_TRUE(checked(of, changed(kEval, "10.0", "10.005")).passed());
  const auto worse = checked(of, changed(kEval, "10.0", "10.5"));
  EXPECT_EQ(worse.rows[0].result, Result::Worse);
  const auto better = checked(of, changed(kEval, "10.0", "9.0"));
  EXPECT_EQ(better.rows[0].result, Result::Better);
  EXPECT_FALSE(better.passed());
  EXPECT_THAT(check_text(better, "gate.json", Update::No, 200), HasSubstr("--update"));
  EXPECT_EQ(checked(of, changed(kEval, "0.9", "0.95")).rows[2].result, Result::Better);
}

TEST(Checks, FailForWhatIsMissingAndReportWhatIsNew) {
  const auto missing = checked(baseline(kRun, {"run"}), changed(kRun, "\"text\": \"Once\", ", ""));
  EXPECT_FALSE(missing.passed());
  const auto added = checked(baseline(kRun, {"run"}), changed(kRun, "\"text\"", "\"ttft_us\": 3.5, \"text\""));
  EXPECT_TRUE(added.passed());
  EXPECT_EQ(added.rows.back().result, Result::New);
  const auto failed = check(baseline(kRun, {"run"}),
                            [](const auto&) -> base::Result<json::Value> { return base::Error{"no such chip"}; }, {});
  EXPECT_FALSE(failed->passed());
  EXPECT_THAT(check_text(*failed, "gate.json", Update::No, 100), HasSubstr("the command failed: no such chip"));
}

TEST(Checks, AreToldToServersAndPeople) {
  auto document = changed(kRun, "Once", "<&\\\"|");
  const auto answer = checked(baseline(kRun, {"run", "--prompt", "a<b"}), document);
  const auto xml = junit_xml(answer, "gate.json");
  EXPECT_THAT(xml, HasSubstr("tests=\"5\" failures=\"1\""));
  EXPECT_THAT(xml, HasSubstr("&lt;&amp;&quot;|"));
  EXPECT_THAT(xml, testing::Not(HasSubstr("<b")));
  EXPECT_THAT(markdown(answer, "gate.json"), HasSubstr("| run demo m w4: text | other | Once | &lt;&amp;&quot;\\| |"));
  EXPECT_EQ(check_json(answer, Update::No).at("passed"), json::Value(false));
}

/// Rounds of a machine on which one takes up to a third more now and then.
std::vector<double> rounds(double ratio, std::uint64_t seed) {
  base::Random random(seed);
  std::vector<double> all;
  for (int i = 0; i < 32; ++i)
    all.push_back(std::log(ratio) + 0.06 * (random.unit() - 0.5) +
                  (random.below(8) == 0 ? 0.3 * (random.unit() - 0.5) : 0));
  return all;
}

TEST(Paces, ATwentyPerCentSlowerProgramIsFoundAndTheSameOneIsNot) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    EXPECT_FALSE(pace_of(rounds(1.0, seed)).slower()) << seed;
    EXPECT_TRUE(pace_of(rounds(1.2, seed)).slower()) << seed;
  }
}

TEST(Paces, AreBoundedByCountingRounds) {
  // Of 14 coins all fall the same way in 6 of 100,000 cases, of 20 all but two in 20 of 100,000.
  const auto counted = [](std::size_t rounds) {
    std::vector<double> all;
    for (std::size_t i = rounds; i-- > 0;) all.push_back(static_cast<double>(i));
    const auto pace = pace_of(all);
    EXPECT_NEAR(std::log(pace.low) + std::log(pace.high), static_cast<double>(rounds - 1), 1e-9);
    return std::log(pace.low);
  };
  EXPECT_NEAR(counted(14), 0, 1e-12);
  EXPECT_NEAR(counted(20), 1, 1e-12);
  EXPECT_NEAR(counted(100), 31, 1e-12);
}

}  // namespace
}  // namespace kiln::gate
