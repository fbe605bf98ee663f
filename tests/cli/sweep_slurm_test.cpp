// `kiln sweep` and Slurm without a cluster: what is written, what is refused, and a Slurm that is played by scripts. The real one
// is in tests/slurm.
#include <gmock/gmock.h>

#include <cstdlib>

#include "support/kiln_test.hpp"

namespace kiln {
namespace {

using testing::HasSubstr;

class SweepThroughSlurm : public test::KilnTest {
 protected:
  void SetUp() override {
    KilnTest::SetUp();
    path_ = std::getenv("PATH");
    write("spec.json", R"({"version": 1, "base": {"chip": "demo", "model": "kiln-stories-1m", "prompt_tokens": 8,
      "new_tokens": 8}, "vary": {"chip:/clock_mhz": [400, 450, 500], "recipe": ["w4", "w8"]}, "sample": {"method": "grid"}})");
  }
  void TearDown() override {
    ::setenv("PATH", path_.c_str(), 1);
    KilnTest::TearDown();
  }
  [[nodiscard]] test::Outcome sweep(const std::string& database, std::vector<std::string> more) const {
    std::vector<std::string> words = {"sweep", path("spec.json"), "-o", path(database)};
    words.insert(words.end(), more.begin(), more.end());
    return kiln(words);
  }
  [[nodiscard]] std::string table(const std::string& database) const {
    return kiln({"sweep", "export", path(database), "--json", "-"}).out;
  }
  void program(const std::string& name, const std::string& text) const {
    const auto file = write("bin/" + name, "#!/bin/sh\n" + text);
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    ::setenv("PATH", (path("bin") + ":" + path_).c_str(), 1);
  }
  /// The script's tasks one after the other, as Slurm would start them; `those` of them.
  void run_script(const std::string& script, const std::string& those) const {
    const auto line = "for i in " + those + "; do SLURM_ARRAY_TASK_ID=$i sh '" + script + "' || exit 1; done";
    const auto done = base::start_program({"sh", "-c", line}, {"/dev/null", scratch() + "/script", "", false});
    EXPECT_TRUE(base::wait_for(done.value()).good()) << test::slurp(scratch() + "/script");
  }
  std::string path_;
};

TEST_F(SweepThroughSlurm, AScriptIsWrittenAndWhatItsTasksAnswerIsCollected) {
  const auto emitted = sweep("r.db", {"--emit", "slurm", "-j", "4", "--sbatch", "time=5"});
  ASSERT_EQ(emitted.status, 0) << emitted.err;
  EXPECT_THAT(emitted.out, HasSubstr("wrote " + path("r.db.sbatch") + ", an array of 4 tasks for 6 points"));
  EXPECT_THAT(emitted.out, HasSubstr("\n  sbatch " + path("r.db.sbatch") + "\n  kiln sweep collect " + path("r.db")));
  run_script(path("r.db.sbatch"), "4 1");
  const auto part = kiln({"sweep", "collect", path("r.db")});
  EXPECT_THAT(part.out, HasSubstr("6 points: 3 done"));
  // The next script is for what is missing.
  const auto again = sweep("r.db", {"--emit", "slurm", "-j", "4", "--resume"});
  EXPECT_THAT(again.out, HasSubstr("an array of 3 tasks for 3 points")) << again.err;
  run_script(path("r.db.sbatch"), "1 2 3");
  EXPECT_THAT(kiln({"sweep", "collect", path("r.db")}).out, HasSubstr("6 points: 6 done"));
  EXPECT_THAT(sweep("r.db", {"--emit", "slurm", "--resume"}).out, HasSubstr("no script was written"));
  ASSERT_EQ(sweep("local.db", {}).status, 0);
  EXPECT_EQ(table("r.db"), table("local.db"));
}

TEST_F(SweepThroughSlurm, ATaskThatIsStartedAgainGoesOnWhereItWas) {
  ASSERT_EQ(sweep("r.db", {"--emit", "slurm", "-j", "1"}).status, 0);
  run_script(path("r.db.sbatch"), "1");
  const auto file = path("r.db.parts/array-1-1.jsonl");
  const auto whole = test::slurp(file);
  auto text = whole;
  text.resize(text.size() / 2);
  std::ofstream(file, std::ios::trunc) << text;
  run_script(path("r.db.sbatch"), "1");
  const auto mended = test::slurp(file);
  EXPECT_TRUE(mended.starts_with(text));
  EXPECT_EQ(std::ranges::count(mended, '\n'), std::ranges::count(whole, '\n') + 1) << "half a line, and no point twice";
}

TEST_F(SweepThroughSlurm, OptionsWithoutEffectAreRefused) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--engine", "slurm", "--shard", "1/2"}, "--engine has no effect beside --shard"},
      {{"--engine", "slurm", "--emit", "slurm"}, "--engine has no effect beside --emit"},
      {{"--emit", "slurm", "--shard", "1/2"}, "--emit has no effect beside --shard"},
      {{"--sbatch", "time=5"}, "--sbatch has no effect without --engine or --emit"},
      {{"--sbatch", "time=5", "--engine", "local"}, "--sbatch has no effect beside --engine local"},
      {{"--sbatch", "array=5", "--emit", "slurm"}, "Kiln says itself what --array is"},
      {{"--verify", "front", "--emit", "slurm"}, "--verify front has no effect beside --emit"},
      {{"--engine", "pbs"}, "one of local, slurm is expected"},
      {{"--emit", "pbs"}, "one of slurm is expected"}};
  for (const auto& [words, sentence] : cases) {
    const auto outcome = sweep("r.db", words);
    EXPECT_EQ(outcome.status, 2) << sentence;
    EXPECT_THAT(outcome.err, HasSubstr(sentence));
  }
  for (const char* option : {"--engine", "--emit"}) {
    const auto dry = kiln({"sweep", path("spec.json"), "--dry-run", option, "slurm"});
    EXPECT_THAT(dry.err, HasSubstr(std::string(option) + " has no effect beside --dry-run"));
  }
  EXPECT_FALSE(std::filesystem::exists(path("r.db")));
}

TEST_F(SweepThroughSlurm, WithoutSbatchNothingIsBegun) {
  std::filesystem::create_directory(path("empty"));
  ::setenv("PATH", path("empty").c_str(), 1);
  const auto outcome = sweep("r.db", {"--engine", "slurm"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("sbatch is not on this machine"));
  EXPECT_FALSE(std::filesystem::exists(path("r.db")));
}

TEST_F(SweepThroughSlurm, ASqueueThatFailsForAMomentEndsNothing) {
  // sbatch starts the tasks itself; squeue fails twice, then says that all is over.
  program("sbatch", "(for i in 1 2; do SLURM_ARRAY_TASK_ID=$i sh \"$2\"; done) >/dev/null 2>&1 &\necho 7\n");
  program("scancel", "");
  program("squeue",
          "n=$(cat '" + path("asked") + "' 2>/dev/null || echo 0)\necho $((n + 1)) >'" + path("asked") +
              "'\n[ $n -lt 2 ] && { echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1; }\n"
              "echo '1|RUNNING|None'\n");
  const auto outcome = sweep("r.db", {"--engine", "slurm", "-j", "2"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("6 points: 6 done"));
}

TEST_F(SweepThroughSlurm, TasksThatEndEarlyAreNamedWithWhatTheySaid) {
  program("sbatch", "echo 'kiln: error: the disk is full' >'" + path("r.db.parts/array-1-2.log") +
                        "'\nSLURM_ARRAY_TASK_ID=1 sh \"$2\" >/dev/null\necho 7\n");
  program("scancel", "");
  program("squeue", "echo '1|COMPLETED|None'\necho '2|TIMEOUT|TimeLimit'\n");
  const auto outcome = sweep("r.db", {"--engine", "slurm", "-j", "2"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err,
              HasSubstr("Slurm's job 7 ended and left 3 of its 6 points without an answer: task 2 TIMEOUT; what they "
                        "printed is in " +
                        path("r.db.parts/array-1") + "-*.log (\"the disk is full\")"));
  EXPECT_THAT(outcome.out, HasSubstr("3 not answered"));
  EXPECT_THAT(test::slurp(path("r.db.parts/array-1-2.log")), HasSubstr("disk is full"));
}

TEST_F(SweepThroughSlurm, AnArrayThatSlurmMayHaveTakenIsKeptAndItsAnswersAreRead) {
  program("sbatch", "echo 'Socket timed out on send/recv operation' >&2\nexit 1\n");
  program("scancel", "");
  program("squeue", "echo 'Unable to contact slurm controller' >&2\nexit 1\n");
  const auto unknown = sweep("r.db", {"--engine", "slurm", "-j", "2"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.err, HasSubstr("sbatch: Socket timed out on send/recv operation; squeue: Unable to contact slurm "
                                     "controller: whether Slurm took the array is not known; --resume asks again\n"));
  EXPECT_TRUE(std::filesystem::exists(path("r.db.parts/array-1.job")));
  // It had taken it; the tasks are done between the gathering and the question.
  program("squeue", "for i in 1 2; do SLURM_ARRAY_TASK_ID=$i sh '" + path("r.db.parts/array-1.sbatch") +
                        "' >/dev/null; done\necho '1|COMPLETED|None'\n");
  program("sbatch", "exit 1\n");
  const auto resumed = sweep("r.db", {"--engine", "slurm", "-j", "2", "--resume"});
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_THAT(resumed.out, HasSubstr("6 points: 6 done"));
  EXPECT_FALSE(std::filesystem::exists(path("r.db.parts")));
}

TEST_F(SweepThroughSlurm, TasksThatSlurmHoldsAreToldOnce) {
  program("sbatch", "echo 7\n");
  program("scancel", "");
  program("squeue", "n=$(cat '" + path("asked") + "' 2>/dev/null || echo 0)\necho $((n + 1)) >'" + path("asked") +
                        "'\n[ $n -lt 3 ] && { echo '1|PENDING|JobHeldUser'; echo '2|PENDING|Resources'; exit 0; }\n"
                        "echo '1|CANCELLED|None'; echo '2|CANCELLED|None'\n");
  const auto outcome = sweep("r.db", {"--engine", "slurm", "-j", "2"});
  EXPECT_EQ(outcome.status, 1);
  const std::string sentence = "Slurm's job 7: Slurm holds 1 of its 2 tasks (JobHeldUser); scancel 7 ends them";
  EXPECT_NE(outcome.err.find(sentence), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find(sentence), outcome.err.rfind(sentence));
}

TEST_F(SweepThroughSlurm, WhatSbatchRefusesIsSaidInItsWords) {
  program("sbatch", "echo 'sbatch: error: Batch job submission failed: no such account' >&2\nexit 1\n");
  program("scancel", "");
  program("squeue", "");
  const auto outcome = sweep("r.db", {"--engine", "slurm"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err, "kiln: error: sbatch: Batch job submission failed: no such account\n");
  EXPECT_EQ(sweep("r.db", {"--resume"}).status, 0);
}

}  // namespace
}  // namespace kiln
