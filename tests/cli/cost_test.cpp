// `kiln cost` as a command line: options, files, sentences. What it answers: tests/study/cost_test.cpp, and how that is
// written: tests/report/cost_report_test.cpp.
#include <gmock/gmock.h>

#include <filesystem>

#include "support/kiln_test.hpp"

namespace kiln {
namespace {

using testing::HasSubstr;
using Arguments = std::vector<std::string>;

const Arguments kCostOfHc1 = {"cost", "--model", "llama-3.1-8b", "--chip", "hc1"};

Arguments with(Arguments arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

class CostCommand : public test::KilnTest {
 protected:
  void expect_refused(const Arguments& arguments, const std::string& part) const {
    const auto outcome = kiln(arguments);
    EXPECT_EQ(outcome.status, 2) << outcome.out;
    EXPECT_THAT(outcome.err, testing::StartsWith("kiln: error: "));
    EXPECT_THAT(outcome.err, HasSubstr(part));
  }
};

TEST_F(CostCommand, OptionsReachTheQuestion) {
  const auto cost =
      document(with(kCostOfHc1, {"--break-even", "--gpu", "h200", "--gpu-batch", "32", "--prompt-tokens", "64", "-n",
                                 "32", "--users", "2", "--machines", "7", "--svg", path("die.svg")}));
  ASSERT_EQ(cost["break_even"].size(), 1U);
  EXPECT_EQ(cost["break_even"][0]["gpu"], "h200");
  EXPECT_EQ(cost["break_even"][0]["gpu_basis"], "fp8, 32 users at a time, 64 tokens in and 32 out");
  EXPECT_EQ(cost["run"]["prompt_tokens"], 64);
  EXPECT_EQ(cost["run"]["answer_tokens"], 32);
  EXPECT_EQ(cost["run"]["users"], 2);
  EXPECT_EQ(cost["money"]["machines"], 7);
  EXPECT_THAT(test::slurp(path("die.svg")), HasSubstr("xmlns=\"http://www.w3.org/2000/svg\""));
}

TEST_F(CostCommand, TablesFitATerminal) {
  for (const auto* chip : {"hc1", "hc1-pipelined", "demo"}) {
    const auto outcome =
        kiln({"cost", "--chip", chip, "--model", chip == std::string("demo") ? "kiln-stories-1m" : "llama-3.1-8b",
              "--break-even", "-n", "16", "--prompt-tokens", "16"});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    std::istringstream lines(outcome.out);
    for (std::string line; std::getline(lines, line);)
      EXPECT_LE(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }), 100)
          << chip << ": " << line;
  }
}

TEST_F(CostCommand, DrawsALayerOverTime) {
  const Arguments few = {"cost", "--chip", "demo", "--model", "kiln-stories-1m", "--prompt-tokens", "16", "-n", "16"};
  const auto drawn = kiln(with(few, {"--timeline"}));
  ASSERT_EQ(drawn.status, 0) << drawn.err;
  EXPECT_THAT(drawn.out, HasSubstr("\nlayer 2: "));
  EXPECT_THAT(drawn.out, HasSubstr(" cycles for a token that sees 23 tokens; a column is "));
  for (const auto* operation : {"\nnorm for qkv ", "\nmultiply qkv ", "\nattend ", "\nreduce down ", "\nadd_residual "})
    EXPECT_THAT(drawn.out, HasSubstr(operation));
  EXPECT_THAT(kiln(few).out, testing::Not(HasSubstr("\nlayer 2: ")));
  EXPECT_THAT(drawn.out, testing::Not(HasSubstr("one user alone")));
  EXPECT_THAT(kiln(with(few, {"--timeline", "--users", "2"})).out,
              HasSubstr("\nof one user alone in the chip: among the 2 that were asked for,\n"));
  EXPECT_EQ(document(with(few, {"--timeline"}))["timeline"]["context"], 23);
  EXPECT_FALSE(document(few).contains("timeline"));
}

TEST_F(CostCommand, SaysWhatWouldHelpAsRunDoes) {
  const Arguments few = {"--chip", "demo", "--model", "kiln-stories-1m", "--prompt-tokens", "16", "-n", "16"};
  const auto cost = document(with({"cost"}, few)), run = document(with({"run"}, few));
  ASSERT_TRUE(cost.contains("limits"));
  EXPECT_EQ(cost["limits"], run["limits"]);
  EXPECT_THAT(kiln(with({"cost"}, few)).out, HasSubstr("\ntime in  "));
  EXPECT_THAT(kiln(with({"run"}, few)).out, HasSubstr("\n  would help most: "));
  EXPECT_FALSE(document(with(with({"run"}, few), {"--users", "2"})).contains("limits"));
  EXPECT_THAT(kiln(with(with({"cost"}, few), {"--users", "2"})).out, testing::Not(HasSubstr("would help")));
}

TEST_F(CostCommand, ASetOfATechnologyIsTaken) {
  const Arguments small = with(kCostOfHc1, {"--prompt-tokens", "2", "-n", "2"});
  const double before = document(small)["money"]["usd_per_good_die"]["typical"];
  const auto changed = document(with(small, {"--set", "tech:wafer_usd.typical=10280.6"}));
  EXPECT_NEAR(changed["money"]["usd_per_good_die"]["typical"].get<double>() / before, 1.1, 1e-6);
}

TEST_F(CostCommand, LengthsThatDoNotFitAreBadInputUnlessTheyMayBeShortened) {
  const Arguments too_long = {"cost", "--model", "kiln-stories-1m", "--chip", "demo", "--prompt-tokens", "1000000"};
  expect_refused(too_long, "the KV cache of chip demo holds 2048 tokens");
  const auto outcome = kiln(with(too_long, {"--shorten", "--json", "-"}));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.err, HasSubstr("warning: the KV cache of chip demo holds"));
  const auto cost = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(cost["shortened_from"]["prompt_tokens"], 1000000);
  EXPECT_EQ(cost["run"]["prompt_tokens"], 1025);
  EXPECT_EQ(cost["warnings"].size(), 1U);
}

TEST_F(CostCommand, WhatCannotBeBuiltEndsWithStatusOneWhereThatIsRequired) {
  const Arguments few = {"--model", "llama-3.1-8b", "--prompt-tokens", "4", "-n", "4"};
  const auto on = [&](const std::string& command, const Arguments& chip) { return with(with({command}, few), chip); };
  for (const auto* command : {"run", "cost"}) {
    EXPECT_EQ(kiln(on(command, {"--chip", "hc1", "--require", "buildable"})).status, 0);
    EXPECT_EQ(kiln(on(command, {"--chip", "hc1", "--require", "faster"})).status, 2);
    for (const Arguments& chip : {Arguments{"--chip", "hc1-pipelined"}, {"--chip", "hc1", "--set", "clock_mhz=4000"}}) {
      EXPECT_EQ(kiln(on(command, chip)).status, 0);
      const auto outcome = kiln(with(on(command, chip), {"--require", "buildable", "--json", path("d.json")}));
      EXPECT_EQ(outcome.status, 1) << outcome.err;
      const auto verdict = nlohmann::json::parse(test::slurp(path("d.json")))["verdict"];
      EXPECT_EQ(verdict["buildable"], false);
      EXPECT_GE(verdict["reasons"].size(), 2U);
      EXPECT_EQ(static_cast<std::size_t>(std::count(outcome.err.begin(), outcome.err.end(), '\n')),
                verdict["reasons"].size());
      EXPECT_THAT(outcome.out, testing::StartsWith("not buildable: "));
      for (const auto& reason : verdict["reasons"]) {
        const auto sentence = reason["sentence"].get<std::string>();
        EXPECT_THAT(outcome.err, HasSubstr("kiln: error: not buildable: " + sentence + "\n"));
        EXPECT_LT(outcome.out.find(sentence.substr(0, 20)), outcome.out.find("\n\n"));
      }
      EXPECT_THAT(outcome.out, testing::Not(HasSubstr("faster")));
    }
  }
}

TEST_F(CostCommand, WhatIsNotKnownIsNotSaidToBeUnbuildable) {
  const Arguments few = {"--model", "kiln-stories-1m", "--prompt-tokens", "4", "-n", "4"};
  auto chip = document(with({"run", "--chip", "demo"}, few))["chip"];
  chip.erase("silicon");
  chip["description"] = "a test's";
  chip["reasons"] = nlohmann::json::object();
  const Arguments on = with({"--chip", write("bare.json", chip.dump())}, few);
  EXPECT_EQ(kiln(with({"run"}, on)).status, 0);
  EXPECT_EQ(kiln(with({"cost"}, on)).status, 2);
  for (const auto* command : {"run", "cost"}) {
    const auto outcome = kiln(with(with({command}, on), {"--require", "buildable"}));
    EXPECT_EQ(outcome.status, 1) << outcome.err;
    EXPECT_EQ(outcome.err,
              "kiln: error: not known whether buildable: chip demo has no /silicon: its area, paths, links and power "
              "are not known\n");
  }
}

TEST_F(CostCommand, LinksFromTheFloorplanAreNumbersInTheDocumentThatSaysSo) {
  const Arguments few = with(kCostOfHc1, {"--prompt-tokens", "4", "-n", "4"});
  const auto placed = document(few);
  EXPECT_THAT(placed["chip_auto"], testing::Contains("/link/vector_to_array"));
  EXPECT_EQ(placed["chip"]["link"]["vector_to_array"], 4);
  const auto given = document(with(few, {"--set", "link.vector_to_array=5"}));
  EXPECT_THAT(given["chip_auto"], testing::Not(testing::Contains("/link/vector_to_array")));
  EXPECT_EQ(given["chip"]["link"]["vector_to_array"], 5);
}

TEST_F(CostCommand, RefusesWhatHasNoAnswer) {
  expect_refused(with(kCostOfHc1, {"--gpu", "h200"}), "--gpu is for --break-even");
  expect_refused(with(kCostOfHc1, {"--users", "0"}), "--users is 0; 1 to 65536 is expected");
  expect_refused(with(kCostOfHc1, {"--svg", path("none/die.svg")}), "--svg");
  expect_refused(with(kCostOfHc1, {"--svg", path("x"), "--json", path("x")}), "already writes it");
  expect_refused(with(kCostOfHc1, {"--set", "tech:wafer_usd.low=20000"}), "/wafer_usd");
  EXPECT_FALSE(std::filesystem::exists(path("x")));
}

}  // namespace
}  // namespace kiln
