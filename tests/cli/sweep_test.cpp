// `kiln sweep` as people run it: the same table whatever ran it and whenever it was killed; extended, refused; and each
// point's command gives its figures again.
#include <gmock/gmock.h>

#include "sweep_testing.hpp"

namespace kiln {
namespace {

using testing::HasSubstr;

class SweepCommand : public test::SweepTest {};

TEST_F(SweepCommand, GivesTheSameTableWhateverRanItAndWheneverItWasKilled) {
  spec();
  const auto one = sweep("one.db", {"-j", "1"});
  ASSERT_EQ(one.status, 0) << one.err;
  EXPECT_THAT(one.out, HasSubstr("12 points: 8 done, 4 infeasible, 0 failed"));
  EXPECT_THAT(one.out, HasSubstr("4  clock_mhz >= 420"));
  EXPECT_FALSE(std::filesystem::exists(path("one.db.parts"))) << "what workers left is in the database";
  const auto table = exported("one.db");
  ASSERT_EQ(sweep("two.db", {"-j", "2"}).status, 0);
  EXPECT_EQ(exported("two.db"), table);
  for (const char* shard : {"3/3", "1/3", "2/3"}) ASSERT_EQ(sweep("shards.db", {"--shard", shard}).status, 0);
  EXPECT_FALSE(std::filesystem::exists(path("shards.db"))) << "a shard writes its own file alone";
  ASSERT_EQ(kiln({"sweep", "collect", path("shards.db")}).status, 0);
  EXPECT_EQ(exported("shards.db"), table);
  kill_sweeps("killed.db", 6, std::chrono::milliseconds(20), std::chrono::milliseconds(37));
  ASSERT_EQ(sweep("killed.db", {"--resume"}).status, 0);
  EXPECT_EQ(exported("killed.db"), table);
}

TEST_F(SweepCommand, AnotherSpecIsRefusedOrTakenIn) {
  spec();
  ASSERT_EQ(sweep("s.db").status, 0);
  EXPECT_THAT(sweep("s.db").err, HasSubstr("there is such a file already"));
  EXPECT_EQ(sweep("s.db", {"--resume"}).status, 0);
  spec("[450, 500, 480]");
  const auto refused = sweep("s.db", {"--resume"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("the spec has changed at /vary/chip:~1clock_mhz"));
  ASSERT_EQ(sweep("s.db", {"--extend"}).status, 0);
  ASSERT_EQ(sweep("new.db").status, 0);
  EXPECT_EQ(exported("s.db"), exported("new.db"));
  // The first spec's answers are kept: nothing of it is answered twice.
  spec();
  ASSERT_EQ(sweep("s.db", {"--extend"}).status, 0);
  ASSERT_EQ(sweep("first.db").status, 0);
  EXPECT_EQ(exported("s.db"), exported("first.db"));
}

TEST_F(SweepCommand, AnswersOfAnotherSweepAreReused) {
  spec("[450, 500]");
  ASSERT_EQ(sweep("old.db").status, 0);
  // A figure that only the old database has shows that nothing is answered again.
  const auto planted = std::system(("/usr/bin/python3 -c \"import sqlite3; d = sqlite3.connect('" + path("old.db") +
                                    "'); d.execute(\\\"UPDATE points SET figures = json_set(figures, "
                                    "'$.planted', 1)\\\"); d.commit()\"")
                                       .c_str());
  ASSERT_EQ(planted, 0);
  spec("[500, 550]");
  ASSERT_EQ(sweep("new.db", {"--reuse", path("old.db")}).status, 0);
  const auto document = nlohmann::json::parse(exported("new.db"));
  for (const auto& point : document["points"]) {
    EXPECT_EQ(point["state"], "done");
    EXPECT_EQ(point["figures"].contains("planted"), point["vary"]["chip:/clock_mhz"] == 500) << point["number"];
  }
  EXPECT_THAT(sweep("new.db", {"--resume", "--reuse", path("old.db")}).err, HasSubstr("has no effect beside --resume"));
  EXPECT_THAT(sweep("third.db", {"--reuse", path("none.db")}).err, HasSubstr("none.db: no such file"));
}

TEST_F(SweepCommand, ChipsThatCannotBeBuiltAreInfeasibleWhereBuildableOnesAreRequired) {
  // demo keeps its latencies up to some clock; far beyond it no chip of the sweep can be built.
  spec("[450, 9000]");
  const auto some = sweep("some.db", {"--require", "buildable"});
  EXPECT_EQ(some.status, 0) << some.err;
  EXPECT_THAT(some.out, HasSubstr("8 points: 4 done, 4 infeasible"));
  EXPECT_THAT(some.out, HasSubstr("4  verdict.buildable"));
  EXPECT_THAT(sweep("some.db", {"--resume"}).err, HasSubstr("the spec has changed at /constraints"));
  EXPECT_EQ(sweep("some.db", {"--resume", "--require", "buildable"}).status, 0);
  spec("[9000]");
  const auto none = sweep("none.db", {"--require", "buildable"});
  EXPECT_EQ(none.status, 1);
  EXPECT_THAT(none.out, HasSubstr("no point is feasible:\n        4  verdict.buildable"));
}

TEST_F(SweepCommand, EachPointsCommandGivesItsFiguresAgain) {
  spec("[500]");
  ASSERT_EQ(sweep("s.db", {"--verify", "front"}).status, 0);
  const auto points = nlohmann::json::parse(exported("s.db"))["points"];
  ASSERT_EQ(points.size(), 4U);
  bool front = false;
  for (const auto& point : points) {
    front = front || point["front"].get<bool>();
    const std::string command =
        KILN_BINARY_DIR "/" + point["command"].get<std::string>() + " --json " + path("run.json") + " > " + path("out");
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
    const auto run = nlohmann::json::parse(test::slurp(path("run.json")));
    EXPECT_EQ(run["tokens_per_s_user"], point["figures"]["tokens_per_s_user"]);
    EXPECT_EQ(run["area_mm2"]["typical"], point["figures"]["area_mm2.typical"]);
    EXPECT_EQ(run["cycles_total"], point["figures"]["cycles_total"]);
  }
  EXPECT_TRUE(front);
  const auto explained = kiln({"sweep", "explain", path("s.db"), "0"});
  EXPECT_EQ(explained.status, 0) << explained.err;
  EXPECT_THAT(explained.out, HasSubstr("nearest of the front"));
  EXPECT_EQ(kiln({"sweep", "explain", path("s.db"), "4"}).status, 2);
  const auto csv = kiln({"sweep", "export", path("s.db"), "--csv", "-"});
  EXPECT_EQ(std::count(csv.out.begin(), csv.out.end(), '\n'), 5);
}

TEST_F(SweepCommand, SaysWhichConstraintExcludedAllPoints) {
  spec("[300, 350]");
  const auto none = sweep("s.db");
  EXPECT_EQ(none.status, 0);
  EXPECT_THAT(none.out, HasSubstr("no point is feasible:\n        8  clock_mhz >= 420"));
  const auto dry = kiln({"sweep", path("spec.json"), "--dry-run"});
  EXPECT_EQ(dry.status, 0) << dry.err;
  EXPECT_THAT(dry.out, HasSubstr("8 points, 0 of them no chip"));
}

TEST_F(SweepCommand, StopsAtTheFirstFailureWhereThatIsAsked) {
  spec("[400, 450, 500]");
  auto text = test::slurp(path("spec.json"));
  text.replace(text.find("clock_mhz >= 420"), 16, "1 / (clock_mhz - 400) >= 0");
  write("spec.json", text);
  const auto first = sweep("fast.db", {"-j", "1", "--fail-fast"});
  EXPECT_EQ(first.status, 1) << first.err;
  EXPECT_THAT(first.out, HasSubstr("1 failed, 11 not answered"));
  const auto all = sweep("all.db", {"-j", "2"});
  EXPECT_EQ(all.status, 1);
  EXPECT_THAT(all.out, HasSubstr("12 points: 8 done, 0 infeasible, 4 failed"));
}

TEST_F(SweepCommand, AFullDiskIsASentenceAndKeepsWhatIsThere) {
  spec();
  std::filesystem::create_directories(path("full.db.parts"));
  std::filesystem::create_symlink("/dev/full", path("full.db.parts/shard-1-of-2.jsonl"));
  const auto full = sweep("full.db", {"--shard", "1/2"});
  EXPECT_EQ(full.status, 2);
  EXPECT_THAT(full.err, HasSubstr("shard-1-of-2.jsonl: cannot write: No space left on device"));
  std::filesystem::remove(path("full.db.parts/shard-1-of-2.jsonl"));
  for (const char* shard : {"2/2", "1/2"}) ASSERT_EQ(sweep("full.db", {"--shard", shard}).status, 0);
  EXPECT_THAT(kiln({"sweep", "collect", path("full.db")}).out, HasSubstr("12 points: 8 done"));
}

TEST_F(SweepCommand, RefusesWhatItCannotDo) {
  spec();
  const auto refused = [&](std::vector<std::string> words, const std::string& part) {
    words.insert(words.begin(), "sweep");
    const auto outcome = kiln(words);
    EXPECT_EQ(outcome.status, 2) << outcome.out;
    EXPECT_THAT(outcome.err, HasSubstr(part));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  };
  refused({}, "SPEC is missing");
  refused({path("spec.json")}, "-o is missing");
  refused({path("none.json"), "-o", path("x.db")}, "none.json");
  refused({path("spec.json"), "-o", path("spec.json/x.db")}, "cannot be made");
  refused({path("spec.json"), "-o", "/proc/x.db"}, "/proc/x.db.parts: cannot be made");
  refused({path("spec.json"), "-o", path("x.db"), "--shard", "3/2"}, "I/N with I from 1 to N");
  refused({path("spec.json"), "-o", path("x.db"), "--set", "kv.banks=4"}, "--set has no effect");
  refused({path("spec.json"), "-o", path("x.db"), "--fail-fast", "--keep-going"}, "--keep-going has no effect beside");
  refused({path("spec.json"), "-o", path("x.db"), "--dry-run"}, "--output has no effect beside --dry-run");
  refused({path("spec.json"), "-o", path("x.db"), "--shard", "1/2", "-j", "2"}, "--jobs has no effect beside --shard");
  refused({"-o", path("x.db"), "export", path("x.db"), "--json", "-"}, "has no effect beside export");
  refused({"export", path("x.db"), "--json", "-", "--csv", "-"}, "both go to standard output");
  refused({"export", path("spec.json"), "--json", "-"}, "is not the database of a sweep");
  refused({"export", path("none.db"), "--json", "-"}, "no such file");
}

}  // namespace
}  // namespace kiln
