// Checks: what counts as moved, how it is told, and what an update makes of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gate/gate_testing.hpp"

namespace kiln::gate {
namespace {

using namespace documents;
using testing::HasSubstr;

TEST(Checks, PassWhereNothingMoved) {
  const auto answer = checked(baseline(kRun, {"run"}), kRun);
  EXPECT_TRUE(answer.passed());
  EXPECT_EQ(answer.rows.size(), 5U);
}

TEST(Checks, FindOneCycle) {
  const auto answer = checked(baseline(kRun, {"run"}), changed(kRun, "1000", "1001"));
  EXPECT_FALSE(answer.passed());
  EXPECT_EQ(answer.rows[0].result, Result::Other);
  EXPECT_THAT(check_text(answer, "gate.json", Update::No, 100),
              HasSubstr("cycles_total: was 1000 cycles, is 1001 (+0.1 %)"));
  EXPECT_EQ(renewed(answer).metrics[0].value, json::Value(1001));
}

// What a run costs the computer, without a clock.
TEST(Checks, FindOneEventAndOneByteOfATokenMore) {
  const auto then =
      changed(kRun, "\"text\"",
              R"("host": {"wall_s": 3.5, "kernel_events_per_token": 640.0625, "bytes_read_per_token": 900}, "text")");
  const auto of = baseline(then, {"run"});
  EXPECT_EQ(of.metrics.size(), baseline(kRun, {"run"}).metrics.size() + 2) << "and no time";
  const auto result_of = [&](const std::string& from, const std::string& to, const std::string& path) {
    const auto answer = checked(of, changed(then, from, to));
    EXPECT_FALSE(answer.passed());
    return std::ranges::find(answer.rows, path, [](const auto& row) { return row.metric.path; })->result;
  };
  EXPECT_EQ(result_of("640.0625", "640.125", "host.kernel_events_per_token"), Result::Other);
  EXPECT_EQ(result_of("900", "901", "host.bytes_read_per_token"), Result::Worse);
  EXPECT_EQ(result_of("900", "899", "host.bytes_read_per_token"), Result::Better);
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

TEST(Checks, TellWholeNumbersApartThatAreOneDouble) {
  const auto then = changed(kRun, "1000", "9007199254740993");
  EXPECT_EQ(checked(baseline(then, {"run"}), changed(kRun, "1000", "9007199254740992")).rows[0].result, Result::Other);
}

TEST(Checks, SayWhichWayARateWentThatMustBeEqual) {
  const auto of = baseline(kRun, {"run"});
  EXPECT_EQ(checked(of, changed(kRun, "5.5", "5.4")).rows[1].result, Result::Worse);
  EXPECT_EQ(checked(of, changed(kRun, "5.5", "5.6")).rows[1].result, Result::Better);
}

TEST(Checks, ShowLongTextsFromWhereTheyPart) {
  const std::string same(300, 'x');
  const auto then = changed(kRun, "Once", same + "old"), now = changed(kRun, "Once", same + "new");
  EXPECT_THAT(check_text(checked(baseline(then, {"run"}), now), "b.json", Update::No, 300),
              HasSubstr("was ...xxxxxxxxxxxxxxxxxxxxold, is ...xxxxxxxxxxxxxxxxxxxxnew"));
}

TEST(Updates, TakeTodaysConfigsAndLeaveWhatIsNotKnown) {
  const auto of = baseline(kRun, {"run"});
  const auto other = checked(of, changed(kRun, "\"demo\"", "\"demo2\""));
  EXPECT_TRUE(other.rows[0].other_configs());
  EXPECT_FALSE(checked(renewed(other), changed(kRun, "\"demo\"", "\"demo2\"")).rows[0].other_configs());
  const auto failed = check(of, [](const auto&) -> base::Result<json::Value> { return base::Error{"no"}; }, {});
  EXPECT_EQ(to_text(renewed(*failed)), to_text(of));
  const auto gone = checked(of, changed(kRun, "\"text\": \"Once\", ", ""));
  EXPECT_EQ(renewed(gone).metrics.size(), of.metrics.size() - 1);
}

TEST(Updates, GiveNewFiguresNamesOfTheirOwn) {
  auto both = baseline(kRun, {"run"});
  const auto second = baseline(kRun, {"run", "--seed", "2"});
  for (auto metric : second.metrics) {
    metric.name += " #2";
    both.metrics.push_back(metric);
  }
  const auto more = checked(both, changed(kRun, "\"text\"", "\"ttft_us\": 3.5, \"text\""));
  EXPECT_TRUE(parse_baseline(to_text(renewed(more)), "b.json").ok());
  EXPECT_EQ(renewed(more).metrics.back().name, "run demo m w4: ttft_us #2");
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

}  // namespace
}  // namespace kiln::gate
