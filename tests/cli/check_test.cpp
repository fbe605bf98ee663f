// `--record` and `kiln check` as people and CI servers run them: what is the same passes on other threads and another
// vector width; a cycle, a per cent of the rate, and accuracy are found; nothing is written by halves.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <regex>
#include <set>

#include "cli/check_testing.hpp"
#include "gate/arguments.hpp"

namespace kiln {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST_F(CheckCommand, PassesWhateverTheThreadsAndTheVectorWidth) {
  const auto rom = shared_image(kModel, "w4", "w4.rom");
  write("spec.json", R"({"version": 1, "base": {"chip": "demo", "model": "kiln-stories-1m", "prompt_tokens": 8,
    "new_tokens": 8}, "vary": {"chip:/clock_mhz": [400, 500], "recipe": ["w4", "w8"]}, "sample": {"method": "grid"}})");
  record({"run", "--rom", rom, "--chip", "demo", "--prompt", "Once \"upon\"", "-n8", "--threads=1"});
  record({"eval", "--rom", rom, "--checkpoint", kModel, "--text", std::string(kModel) + "/heldout.txt", "--context",
          "32", "--chunks", "2"});
  record({"cost", "--model", "llama-3.1-8b", "--chip", "hc1", "--prompt-tokens", "8", "-n", "8"});
  record({"bake", kModel, "-o", path("again.rom"), "--recipe", "w4"});
  record({"sweep", path("spec.json"), "-o", path("r.db"), "-j", "1"});
  const auto text = test::slurp(path("gates/kiln.json"));
  const auto baseline = nlohmann::json::parse(text);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), static_cast<long>(baseline["metrics"].size()) + 2);
  EXPECT_THAT(text, AllOf(Not(HasSubstr("--threads")), Not(HasSubstr("--json")), Not(HasSubstr("--record"))));
  EXPECT_THAT(text, HasSubstr(R"("--rom","../w4.rom")")) << "relative to the baseline";
  for (const Words& more : {Words{}, {"--threads", "3"}}) {
    const auto same = check(more);
    EXPECT_EQ(same.status, 0) << same.out << same.err;
    EXPECT_THAT(same.out, HasSubstr("passed: " + std::to_string(baseline["metrics"].size()) + " of "));
  }
  ::setenv("KILN_SIMD", "scalar", 1);
  const auto scalar = check({"--threads", "1"});
  ::unsetenv("KILN_SIMD");
  EXPECT_EQ(scalar.status, 0) << scalar.out << scalar.err;
  EXPECT_EQ(test::slurp(path("gates/kiln.json")), text) << "a check changes nothing";
  EXPECT_FALSE(std::filesystem::exists(path("gates/again.rom"))) << "what commands write is nobody's";
  // The baseline is the user's, wherever the tree is and from wherever it is checked.
  std::filesystem::rename(path("gates"), path("gates2"));
  EXPECT_EQ(check({}, "gates2/kiln.json").status, 0);
}

TEST_F(CheckCommand, FindsOneCycle) {
  chip();
  record_run();
  const auto cycles = std::regex(R"re((path":"cycles_total".*"value":)(\d*)(\d\}))re");
  edit(cycles, "$018$3");
  auto planted = check();
  EXPECT_EQ(planted.status, 1);
  EXPECT_THAT(flat(planted), AllOf(HasSubstr("other   cycles_total: was "), HasSubstr("the same is expected"),
                                   HasSubstr("FAILED"), HasSubstr("--update")));
  record_run();
  chip(500, 4);
  planted = check();
  EXPECT_EQ(planted.status, 1);
  EXPECT_THAT(flat(planted), AllOf(HasSubstr("cycles_total: was "), HasSubstr("worse   tokens_per_s_user: was "),
                                   HasSubstr("the configs are others than when it was recorded")));
}

TEST_F(CheckCommand, FindsOnePerCentOfTheRate) {
  chip();
  record_run();
  chip(495);
  const auto slower = check();
  EXPECT_EQ(slower.status, 1);
  EXPECT_THAT(flat(slower), AllOf(HasSubstr("worse   tokens_per_s_user: was "), HasSubstr("(-1 %)")));
  record_run();
  chip(500);
  const auto faster = check();
  EXPECT_EQ(faster.status, 1) << "an improvement must be recorded, or it is lost again unseen";
  EXPECT_THAT(flat(faster),
              AllOf(HasSubstr("better  tokens_per_s_user: was "), HasSubstr("(+1.01 %)"), HasSubstr("--update")));
}

TEST_F(CheckCommand, FindsALossOfAccuracy) {
  const auto rom = shared_image(kModel, "w4", "w.rom");
  record({"eval", "--rom", rom, "--text", std::string(kModel) + "/heldout.txt", "--context", "64", "--chunks", "4"});
  std::filesystem::remove(rom);
  test::copy_shared_image(kModel, "w2", rom, scratch());
  const auto worse = check();
  EXPECT_EQ(worse.status, 1);
  EXPECT_THAT(flat(worse), AllOf(HasSubstr("worse   chip.perplexity: was "), HasSubstr("within 0.1 % is expected"),
                                 HasSubstr("other   rom_hash")));
}

TEST_F(CheckCommand, UpdateShowsWhatMovesAndThenItPasses) {
  chip();
  record_run();
  edit(std::regex(R"re(("path":"tokens_per_s_user","tolerance":\{"relative":)0(\.0)?)re"), "$010.005");
  const auto before = nlohmann::json::parse(test::slurp(path("gates/kiln.json")))["metrics"];
  chip(500, 4);
  const auto updated = check({"--update"});
  EXPECT_EQ(updated.status, 0) << updated.err;
  EXPECT_THAT(flat(updated), AllOf(HasSubstr("cycles_total: was "), HasSubstr("these are the figures of"),
                                   HasSubstr("wrote " + path("gates/kiln.json"))));
  const auto same = check();
  EXPECT_EQ(same.status, 0) << same.out;
  EXPECT_THAT(same.out, Not(HasSubstr("the configs are others")));
  const auto after = nlohmann::json::parse(test::slurp(path("gates/kiln.json")))["metrics"];
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i]["name"], before[i]["name"]);
    EXPECT_EQ(after[i]["tolerance"], before[i]["tolerance"]);
    EXPECT_NE(after[i]["config_hash"], before[i]["config_hash"]);
  }
}

TEST_F(CheckCommand, MissingFiguresAndCommandsThatFailAreFailures) {
  chip();
  record_run();
  edit(std::regex("\"path\":\"ttft_us\""), "\"path\":\"ttft_ms\"");
  const auto gone = check();
  EXPECT_EQ(gone.status, 1);
  EXPECT_THAT(flat(gone), AllOf(HasSubstr("missing ttft_ms: the document has no such figure any more"),
                                HasSubstr("new     ttft_us: is "), HasSubstr("1 new")));
  EXPECT_EQ(check({"--update"}).status, 0);
  EXPECT_EQ(check().status, 0);
  const auto text = test::slurp(path("gates/kiln.json"));
  std::filesystem::remove(path("chip.json"));
  const auto failed = check({"--update"});
  EXPECT_EQ(failed.status, 1) << "what a command that fails would have said is not known";
  EXPECT_THAT(flat(failed), AllOf(HasSubstr("missing cycles_total: the command failed: "), HasSubstr("chip.json")));
  EXPECT_EQ(test::slurp(path("gates/kiln.json")), text);
}

TEST_F(CheckCommand, WhatItsCommandsReadIsNoOutput) {
  std::filesystem::create_directories(path("configs"));
  write("base.json", test::slurp(KILN_SOURCE_DIR "/configs/chip/demo.json"));
  write("configs/chip.json", R"({"name":"changed","extends":"../base.json"})");
  write("work.jsonl", R"({"arrival_us":0,"prompt_tokens":4,"answer_tokens":2})");
  record({"run", "--model", "kiln-stories-1m", "--chip", path("configs/chip.json"), "--workload", path("work.jsonl")});
  const auto refused = [&](const char* option, const std::string& file) {
    const auto before = test::slurp(path(file));
    const auto outcome = check({option, path(file)});
    EXPECT_EQ(outcome.status, 2) << file;
    EXPECT_THAT(outcome.err, testing::AnyOf(HasSubstr("an input of this command"), HasSubstr("also writes it")))
        << file;
    EXPECT_EQ(test::slurp(path(file)), before) << file;
  };
  for (const char* option : {"--json", "--junit", "--markdown"})
    for (const char* file : {"work.jsonl", "configs/chip.json", "base.json"}) refused(option, file);
  write("program", "#!/bin/sh\n");
  EXPECT_THAT(check({"--against", path("program"), "--json", path("program")}).err, HasSubstr("also writes it"));
  EXPECT_EQ(check({"--json", path("answer.json")}).status, 0);
}

TEST_F(CheckCommand, WritesForServersAndPullRequests) {
  record(
      {"run", "--rom", shared_image(kModel, "w4", "w4.rom"), "--chip", "demo", "--prompt", "<a&\"b\x01'|", "-n", "4"});
  edit(std::regex(R"re(("path":"text".*"value":")[^"]*")re"), "$01]]>&\\u0001<|`\\ufffe\"");
  const auto told = check({"--junit", path("j.xml"), "--markdown", path("m.md"), "--json", path("c.json")});
  EXPECT_EQ(told.status, 1);
  const auto xml = test::slurp(path("j.xml"));
  EXPECT_THAT(xml, AllOf(HasSubstr("failures=\"1\""), HasSubstr("&lt;a&amp;&quot;b\\x01"),
                         HasSubstr("]]&gt;&amp;\\x01&lt;|`"), HasSubstr("type=\"other\"")));
  EXPECT_THAT(test::slurp(path("m.md")), AllOf(HasSubstr("### Kiln: kiln.json failed"), HasSubstr("| other |")));
  const auto document = nlohmann::json::parse(test::slurp(path("c.json")));
  EXPECT_EQ(document["command"], "check");
  EXPECT_EQ(document["passed"], false);
  EXPECT_TRUE(document.contains("schema_version"));
}

TEST_F(CheckCommand, RefusesWhatIsNoBaselineAndWhatItMustNotRun) {
  chip();
  record_run();
  const auto text = test::slurp(path("gates/kiln.json"));
  const auto says = [&](const std::string& from, const std::string& to) {
    auto edited = text;
    write("bad.json", edited.replace(edited.find(from), from.size(), to));
    const auto outcome = check({}, "bad.json");
    EXPECT_EQ(outcome.status, 2) << to;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    return outcome.err;
  };
  EXPECT_THAT(says("\"version\": 1", "\"version\": 2"), HasSubstr("/version is 2; this Kiln reads version 1"));
  EXPECT_THAT(says("\"run\"", "\"check\""), HasSubstr("/metrics/0/command does not begin with run"));
  EXPECT_THAT(says("\"run\",", "\"run\",\"--trace\",\"/etc/x\","),
              HasSubstr("has --trace, which no recorded command has"));
  EXPECT_THAT(says("\"run\",", "\"run\",\"--record=x\","), HasSubstr("has --record=x, which"));
  EXPECT_THAT(says("\"relative\":0.0", "\"relative\":-0.1"), HasSubstr("/metrics/0/tolerance is"));
  EXPECT_THAT(says("\n]}", ""), HasSubstr("is no baseline"));
  EXPECT_EQ(check({}, "nowhere.json").status, 2);
  EXPECT_THAT(check({"--set", "kv.banks=4"}).err, HasSubstr("--set has no effect"));
  EXPECT_THAT(check({"--junit", path("gates/kiln.json")}).err, HasSubstr("kiln.json: it is an input of this command"));
  EXPECT_THAT(check({"--junit", path("a"), "--markdown", path("a")}).err, HasSubstr("already writes it"));
  EXPECT_THAT(check({"--against", path("nowhere")}).err, HasSubstr("--against: "));
  EXPECT_THAT(check({"--against", path("nowhere"), "--update"}).err,
              HasSubstr("--update has no effect beside --against"));
  EXPECT_THAT(kiln({"run", "--chip", "demo", "--model", "kiln-stories-1m", "--record", path("chip.json")}).err,
              HasSubstr("/version is missing"))
      << "and it is not replaced";
  EXPECT_EQ(test::slurp(path("gates/kiln.json")), text);
}

TEST_F(CheckCommand, WritesNothingByHalves) {
  chip();
  record_run();
  const auto text = test::slurp(path("gates/kiln.json"));
  // No folder that one may write to; the superuser may, so one that is not there.
  for (const char* option : {"--junit", "--markdown"}) {
    const auto outcome = check({option, path("nowhere/x")});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.err, HasSubstr("cannot write " + path("nowhere/x")));
  }
  if (std::filesystem::exists("/dev/full")) {
    EXPECT_THAT(check({"--junit", "/dev/full"}).err, HasSubstr("it is not a regular file"));
  }
  const auto unwritten = kiln({"run", "--model", "kiln-stories-1m", "--chip", "demo", "--prompt-tokens", "8", "-n", "8",
                               "--record", path("nowhere/x.json")});
  EXPECT_EQ(unwritten.status, 2);
  EXPECT_EQ(unwritten.out, "") << "refused before the work";
  // A file that may have no byte more.
  for (const Words& more : {Words{"--update"}, {"--junit", path("j.xml"), "--markdown", path("m.md")}}) {
    auto words = "trap '' XFSZ; ulimit -f 0; exec " KILN_BINARY_DIR "/kiln check " + path("gates/kiln.json");
    for (const auto& word : more) words += " " + word;
    const auto full = base::start_program({"sh", "-c", words}, {"", "/dev/null", "", false});
    EXPECT_EQ(base::wait_for(full.value()).status, 2) << more.front();
    EXPECT_EQ(test::slurp(path("gates/kiln.json")), text);
    EXPECT_FALSE(std::filesystem::exists(path("j.xml")));
    EXPECT_FALSE(std::filesystem::exists(path("m.md")));
  }
}

// src/gate/arguments.cpp has every option of these commands, and says of each what becomes of it in a baseline.
TEST_F(CheckCommand, KnowsEveryOptionOfTheCommandsThatRecord) {
  const std::set<std::string> never = {"--json",    "--record", "--threads",    "--trace",  "--svg",    "--logits",
                                       "--units",   "--jobs",   "--keep-going", "--resume", "--extend", "--shard",
                                       "--dry-run", "--engine", "--reuse",      "--emit",   "--sbatch"};
  for (const char* command : {"run", "eval", "cost", "bake", "sweep"}) {
    const auto help = kiln({command, "--help"}).out;
    const std::regex option("\n  (-., ?)?(--[a-z0-9-]+)( [A-Za-z])?");
    std::size_t options = 0;
    for (std::sregex_iterator each(help.begin(), help.end(), option), end; each != end; ++each) {
      const auto name = (*each)[2].str();
      if (name == "--help") continue;
      ++options;
      std::vector<std::string> words = {command, name};
      if ((*each)[3].matched) words.emplace_back("x");
      const auto said = gate::refused(words).value_or("");
      EXPECT_EQ(said.find("which no recorded command has") != said.npos, never.contains(name))
          << command << " " << name;
      EXPECT_EQ(said.find("without a value"), said.npos) << command << " " << name;
    }
    EXPECT_GT(options, 5U) << help;
  }
}

}  // namespace
}  // namespace kiln
