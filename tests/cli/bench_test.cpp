// `kiln bench`: all parts in small, what it writes, what it refuses, and that nothing is left of it.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <thread>

#include "support/kiln_test.hpp"

namespace kiln {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;
using Words = std::vector<std::string>;

class BenchCommand : public test::KilnTest {
 protected:
  void SetUp() override {
    KilnTest::SetUp();
    fs::create_directories(path("tmp"));
    ::setenv("TMPDIR", path("tmp").c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("TMPDIR");
    ::unsetenv("KILN_SIMD");
    KilnTest::TearDown();
  }
  [[nodiscard]] Words small(const Words& more) const {
    Words words = {"bench", "--model", "synthetic:stories260k", "--chip", "demo",      "--rounds", "2",
                   "-n",    "3",       "--prompt-tokens",       "3",      "--context", "4",        "--kernel-mib",
                   "1"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  [[nodiscard]] bool nothing_is_left() const { return fs::is_empty(path("tmp")); }
  void expect_end_of(int signal) {
    const auto base = scratch() + "/interrupted";
    const auto child = test::start_kiln(
        {"bench", "--model", "synthetic:stories260k", "--chip", "demo", "--rounds", "1000", "--kernel-mib", "1"}, base);
    siginfo_t ended = {};
    while (nothing_is_left() && ended.si_pid == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT | WNOHANG);
    }
    ::kill(child, signal);
    const auto outcome = test::finish_kiln(child, base);
    EXPECT_EQ(outcome.status, 130);
    EXPECT_EQ(outcome.err, "kiln: interrupted\n");
    EXPECT_TRUE(nothing_is_left());
  }
};

TEST_F(BenchCommand, SaysWhatFollowsFromItsRounds) {
  ::setenv("KILN_SIMD", "scalar", 1);
  const auto document = this->document(small({}));
  EXPECT_EQ(document["host"]["simd"], "scalar");
  EXPECT_EQ(document["rounds"], 2);
  std::map<std::string, json> by_name;
  for (const auto& m : document["measurements"]) by_name.emplace(m["name"], m);
  for (const auto& m : document["measurements"]) {
    ASSERT_EQ(m["seconds"]["rounds"].size(), 2U) << m;
    EXPECT_GT(m["seconds"]["least"], 0) << m;
    EXPECT_LE(m["seconds"]["least"], m["seconds"]["median"]) << m;
    EXPECT_LE(m["seconds"]["median"], m["seconds"]["most"]) << m;
    if (!m.contains("bound")) continue;
    const auto& read = by_name.at(m["bound"]);
    for (std::size_t round = 0; round < 2; ++round) {
      const double measured = m["bytes"].get<double>() / m["seconds"]["rounds"][round].get<double>();
      const double bound = read["bytes"].get<double>() / read["seconds"]["rounds"][round].get<double>();
      EXPECT_NEAR(m["share"]["rounds"][round].get<double>(), measured / bound, 1e-9 * measured / bound) << m;
    }
  }
  for (const char* name : {"read_image", "decode", "decode_uncounted", "values", "values_counted", "prefill", "eval",
                           "timing", "bake", "read_memory", "kernel"})
    EXPECT_TRUE(by_name.contains(name)) << name;
  // The kernels are of every width that the machine has, whatever the rest uses.
  std::size_t kernels = 0;
  for (const auto& m : document["measurements"]) kernels += m["name"] == "kernel" ? 1 : 0;
  EXPECT_EQ(kernels, 5 * document["machine"]["widths"].size());
  EXPECT_TRUE(nothing_is_left());
}

TEST_F(BenchCommand, WritesRowsForOthersToPlot) {
  const auto outcome = kiln(small({"--only", "timing", "--csv", path("b.csv"), "--json", path("b.json")}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("timing alone: "));
  const auto csv = test::slurp(path("b.csv"));
  EXPECT_THAT(csv, HasSubstr("\nmeasurement,model,"));
  EXPECT_THAT(csv, HasSubstr("\ntiming,stories260k,"));
  EXPECT_EQ(json::parse(test::slurp(path("b.json")))["measurements"].size(), 2U);
  EXPECT_TRUE(nothing_is_left());
}

TEST_F(BenchCommand, TakesTurnsWithLlamaBench) {
  const auto program = write("llama-bench", R"(#!/bin/sh
echo "$@" >>)" + path("asked") + R"(
echo '[{"n_prompt": '"${10}"', "n_gen": '"${12}"', "avg_ts": 4, "model_type": "m", "model_size": 9}]'
)");
  fs::permissions(program, fs::perms::owner_all);
  const auto document = this->document(
      small({"--only", "decode", "--llama-bench", program, "--llama-model", "m.gguf", "--threads", "1"}));
  const std::string one =
      "-m m.gguf -t 1 -ngl 0 -r 1 -p 0 -n 3 -o json\n-m m.gguf -t 1 -ngl 0 -r 1 -p 3 -n 0 -o json\n";
  EXPECT_EQ(test::slurp(path("asked")), one + one);
  const auto& ratios = document["llama_bench"]["ratios"];
  ASSERT_EQ(ratios.size(), 2U);
  for (const auto& ratio : ratios) EXPECT_EQ(ratio["ratio"]["rounds"].size(), 2U);
  EXPECT_EQ(document["llama_bench"]["model"], "m");
}

TEST_F(BenchCommand, RefusesInASentence) {
  const auto says = [&](const Words& more, const std::string& sentence) {
    const auto outcome = kiln(small(more));
    EXPECT_EQ(outcome.status, 2) << sentence;
    EXPECT_THAT(outcome.err, HasSubstr(sentence));
    EXPECT_TRUE(nothing_is_left());
  };
  says({"--record", path("gate.json")}, "bench measures times, and a baseline keeps none");
  EXPECT_FALSE(fs::exists(path("gate.json")));
  says({"--only", "x"}, "--only x: one of kernels, ");
  says({"--csv", "-", "--json", "-"}, "--csv and --json both go to standard output");
  says({"--llama-bench", "false"}, "--llama-bench and --llama-model are expected together");
  says({"--only", "timing", "--llama-bench", "false", "--llama-model", "m"}, "false ended with status 1");
  const auto table = kiln(small({"--only", "timing", "--csv", "-"}));
  EXPECT_EQ(table.status, 0) << table.err;
  EXPECT_THAT(table.out, StartsWith("# "));
  EXPECT_FALSE(fs::exists("-"));
  const auto idle = kiln({"bench", "--rom", path("x.rom"), "--set", "recipe:name=mine"});
  EXPECT_EQ(idle.status, 2);
  EXPECT_THAT(idle.err, HasSubstr("has no effect: nothing is baked beside --rom without --model"));
  says({"--csv", path("no/folder.csv")}, "no/folder.csv");
}

TEST_F(BenchCommand, EndsWellWhenInterrupted) {
  ::signal(SIGHUP, SIG_DFL);  // whoever runs this test; the program inherits it
  for (const int signal : {SIGINT, SIGHUP}) expect_end_of(signal);
}

}  // namespace
}  // namespace kiln
