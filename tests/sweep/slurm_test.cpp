// What is written for Slurm and read from it: the script of a job array, options for sbatch, replies of sbatch and squeue.
#include <gmock/gmock.h>

#include "sweep/slurm_queue.hpp"
#include "sweep/slurm_script.hpp"

namespace kiln::sweep {
namespace {

using testing::HasSubstr;
using testing::Not;

ArrayScript script() {
  return {.files = {"/data/r.db.parts/array-1"},
          .name = "kiln-1",
          .tasks = 8,
          .program = "/opt/kiln",
          .database = "/data/r.db",
          .spec = "/data/r.db.parts/spec.json",
          .folder = "/data",
          .config_path = "",
          .options = {"--time=2:00:00"}};
}

TEST(SlurmScript, HasATaskForEachPart) {
  const auto text = text_of(script()).value();
  EXPECT_TRUE(text.starts_with("#!/bin/sh\n"));
  EXPECT_THAT(text, HasSubstr("#SBATCH --array=1-8\n"));
  EXPECT_THAT(text, HasSubstr("#SBATCH --output=\"/data/r.db.parts/array-1-%a.log\"\n"));
  EXPECT_THAT(text, HasSubstr("#SBATCH --time=\"2:00:00\"\n"));
  EXPECT_THAT(text, HasSubstr("exec /opt/kiln sweep /data/r.db.parts/spec.json -o /data/r.db \\\n"
                              "  --todo /data/r.db.parts/array-1.todo --shard \"$SLURM_ARRAY_TASK_ID/8\"\n"));
  EXPECT_THAT(text, Not(HasSubstr("KILN_CONFIG_PATH")));
}

TEST(SlurmScript, PathsAreQuotedForWhoeverReadsThem) {
  auto odd = script();
  odd.files.base = "/a b's/50%/#\"$HOME\"/array-1";
  odd.program = "/a b's/kiln";
  odd.config_path = "/my configs";
  const auto text = text_of(odd).value();
  EXPECT_THAT(text, HasSubstr("--output=\"/a b's/50%%/#\\\"$HOME\\\"/array-1-%a.log\"\n"));
  EXPECT_THAT(text, HasSubstr("exec '/a b'\\''s/kiln' sweep"));
  EXPECT_THAT(text, HasSubstr("export KILN_CONFIG_PATH='/my configs'\n"));
}

TEST(SlurmScript, APathThatALineCannotHoldIsRefused) {
  for (const char* path : {"/a\nb", "/a\\b", "/a\tb"}) {
    auto bad = script();
    bad.database = path;
    const auto text = text_of(bad);
    ASSERT_FALSE(text) << path;
    EXPECT_THAT(text.error().message, HasSubstr("Slurm cannot take a path with"));
    EXPECT_THAT(text.error().message, Not(HasSubstr("\n")));
  }
}

TEST(SlurmOption, IsALongOptionOfSbatch) {
  EXPECT_EQ(sbatch_option("time=2:00:00").value(), "--time=2:00:00");
  EXPECT_EQ(sbatch_option("--partition=short").value(), "--partition=short");
  EXPECT_EQ(sbatch_option("exclusive").value(), "--exclusive");
  EXPECT_EQ(sbatch_option("comment=a \"b\" 'c'").value(), "--comment=a \"b\" 'c'");
  for (const char* text : {"", "-p short", "=1", "Time=1", "time=1\n#SBATCH --x", "comment=\\", "--"})
    EXPECT_FALSE(sbatch_option(text)) << text;
}

TEST(SlurmOption, WhatKilnSaysItselfIsRefusedByAnyBeginning) {
  for (const char* text :
       {"array=1-2", "arr=1-2", "output=x", "out=x", "job-name=x", "chdir=/", "wrap=x", "--error=x", "ntasks=2"})
    EXPECT_THAT(sbatch_option(text).error().message, HasSubstr("Kiln says itself what")) << text;
}

TEST(SlurmQueue, RepliesAreRead) {
  EXPECT_EQ(parse_job_id("123\n")->number, "123");
  EXPECT_EQ(parse_job_id("123;east\n")->cluster, "east");
  for (const char* text : {"", "\n", "Submitted batch job 1", ";east"}) EXPECT_FALSE(parse_job_id(text)) << text;
  const auto tasks =
      parse_tasks("CLUSTER: east\n2|PENDING|Resources\n1|RUNNING|None\nN/A|RUNNING|None\n3|COMPLETED|None\n|\n");
  ASSERT_EQ(tasks.size(), 3U);
  EXPECT_EQ(tasks[0].index, 1U);
  EXPECT_EQ(tasks[1].reason, "Resources");
  EXPECT_TRUE(tasks[0].at_work());
  EXPECT_TRUE(tasks[1].at_work());
  EXPECT_FALSE(tasks[2].at_work());
  EXPECT_EQ(summary(tasks), "1 COMPLETED, 1 PENDING (Resources), 1 RUNNING");
}

TEST(SlurmQueue, AStateThatNobodyKnowsIsWaitedFor) {
  EXPECT_TRUE((ArrayTask{1, "ON_THE_MOON", ""}).at_work());
  for (const char* state : {"FAILED", "TIMEOUT", "NODE_FAIL", "CANCELLED", "OUT_OF_MEMORY"})
    EXPECT_FALSE((ArrayTask{1, state, ""}).at_work()) << state;
}

TEST(SlurmQueue, ATaskMayBeHeld) {
  for (const char* reason : {"JobHeldUser", "JobHeldAdmin", "launch failed requeued held", "DependencyNeverSatisfied"})
    EXPECT_TRUE((ArrayTask{1, "PENDING", reason}).held()) << reason;
  for (const char* reason : {"None", "Resources", "Priority", "BeginTime"})
    EXPECT_FALSE((ArrayTask{1, "PENDING", reason}).held()) << reason;
  EXPECT_FALSE((ArrayTask{1, "RUNNING", "JobHeldUser"}).held());
}

TEST(SlurmQueue, AProgramsWordsAreOneSentence) {
  auto asked = Asked::start(
      {"sh", "-c", "echo 7; echo 'sh: error: no such partition' >&2; echo 'sh: fatal: nothing done' >&2; exit 3"});
  ASSERT_TRUE(asked);
  EXPECT_FALSE(asked->good());
  EXPECT_EQ(asked->reply(), "7\n");
  EXPECT_EQ(asked->words(), "no such partition; nothing done");
  auto silent = Asked::start({"sh", "-c", "exit 4"});
  ASSERT_TRUE(silent);
  EXPECT_FALSE(silent->good());
  EXPECT_EQ(silent->words(), "ended with status 4");
}

}  // namespace
}  // namespace kiln::sweep
