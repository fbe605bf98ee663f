// A sweep with accuracy as people run it: figures that `kiln bake` and `kiln eval` give too, the same whatever ran it and
// whenever it was killed, and no recipe twice.
#include <gmock/gmock.h>

#include <set>

#include "cli/sweep_testing.hpp"

namespace kiln {
namespace {

using testing::HasSubstr;

class SweepAccuracyCommand : public test::SweepTest {
 protected:
  void SetUp() override {
    KilnTest::SetUp();
    spec();
  }
  void spec(const std::string& accuracy = R"("context": 64, "chunks": 2)", const std::string& text = kText) const {
    write("spec.json", R"({"version": 1, "base": {"chip": "demo", "checkpoint": ")" + kCheckpoint +
                           R"(", "prompt_tokens": 8, "new_tokens": 8, "accuracy": {"text": ")" + text + "\", " +
                           accuracy + R"(}}, "links": "auto", "vary": {"chip:/clock_mhz": [400, 500],
      "recipe": ["w4", "w8"]}, "sample": {"method": "grid"}, "constraints": ["kl_divergence < 1"],
      "objectives": [{"figure": "tokens_per_s_user", "direction": "max"}, {"figure": "area_mm2.typical",
      "direction": "min"}, {"figure": "perplexity", "direction": "min"}]})");
  }
  [[nodiscard]] test::Outcome swept(const std::string& database, std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"sweep", path("spec.json"), "-o", path(database)};
    words.insert(words.end(), more.begin(), more.end());
    return kiln(words);
  }
  [[nodiscard]] std::string table(const std::string& database) const {
    const auto outcome = kiln({"sweep", "export", path(database), "--json", "-"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  }
  [[nodiscard]] nlohmann::json points_of(const std::string& database) const {
    return nlohmann::json::parse(table(database))["points"];
  }
  [[nodiscard]] std::vector<std::string> parts(const std::string& database, const std::string& ending) const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(path(database + ".parts")))
      if (entry.path().filename().string().starts_with("accuracy-") && entry.path().string().ends_with(ending))
        found.push_back(entry.path().string());
    return found;
  }
  /// Of a command line that the program printed, run in the test's folder.
  [[nodiscard]] nlohmann::json document_of(const std::string& command) const {
    const auto line = "cd " + folder_.string() + " && " KILN_BINARY_DIR "/" + command + " --json own.json > out";
    EXPECT_EQ(std::system(line.c_str()), 0) << line;
    return nlohmann::json::parse(test::slurp(path("own.json")));
  }
  static inline const std::string kCheckpoint = KILN_SOURCE_DIR "/models/kiln-stories-1m";
  static inline const std::string kText = kCheckpoint + "/heldout.txt";
};

TEST_F(SweepAccuracyCommand, CommandsOfAPointGiveItsFiguresAgain) {
  const auto done = swept("s.db");
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("4 points: 4 done"));
  EXPECT_FALSE(std::filesystem::exists(path("s.db.parts")));
  const auto points = points_of("s.db");
  ASSERT_EQ(points.size(), 4U);
  for (const auto& point : points) {
    const auto& figures = point["figures"];
    const auto run = document_of(point["command"]);
    EXPECT_EQ(run["tokens_per_s_user"], figures["tokens_per_s_user"]);
    EXPECT_EQ(run["area_mm2"]["typical"], figures["area_mm2.typical"]);
    const auto explained = document({"sweep", "explain", path("s.db"), std::to_string(point["number"].get<int>())});
    const auto commands = explained["accuracy_commands"];
    ASSERT_EQ(commands.size(), 2U);
    EXPECT_EQ(document_of(commands[0])["bits_per_weight"], figures["bits_per_weight"]);
    const auto eval = document_of(commands[1]);
    EXPECT_EQ(eval["chunks"], 2);
    EXPECT_EQ(eval["chip"]["perplexity"], figures["perplexity"]);
    EXPECT_EQ(eval["chip"]["mean_nll"], figures["mean_nll"]);
    for (const char* same :
         {"kl_divergence", "kl_divergence_max", "top1_agreement", "perplexity_ratio", "scored_tokens"})
      EXPECT_EQ(eval[same], figures[same]) << same;
  }
}

TEST_F(SweepAccuracyCommand, GivesTheSameTableWhateverRanItAndWheneverItWasKilled) {
  ASSERT_EQ(swept("one.db", {"-j", "1", "--threads", "1"}).status, 0);
  const auto own = table("one.db");
  ASSERT_EQ(swept("two.db", {"-j", "2", "--threads", "2"}).status, 0);
  EXPECT_EQ(table("two.db"), own);
  std::vector<pid_t> shards;
  for (const std::string shard : {"1", "2", "3"})
    shards.push_back(test::start_kiln({"sweep", path("spec.json"), "-o", path("shards.db"), "--shard", shard + "/3"},
                                      scratch() + "/shard" + shard));
  for (std::size_t i = 0; i < shards.size(); ++i)
    EXPECT_EQ(test::finish_kiln(shards[i], scratch() + "/shard" + std::to_string(i + 1)).status, 0);
  EXPECT_EQ(parts("shards.db", ".json").size(), 2U);
  EXPECT_TRUE(parts("shards.db", ".rom").empty());
  ASSERT_EQ(kiln({"sweep", "collect", path("shards.db")}).status, 0);
  EXPECT_EQ(table("shards.db"), own);
  kill_sweeps("killed.db", 5, std::chrono::milliseconds(30), std::chrono::milliseconds(60));
  ASSERT_EQ(swept("killed.db", {"--resume"}).status, 0);
  EXPECT_EQ(table("killed.db"), own);
  EXPECT_FALSE(std::filesystem::exists(path("killed.db.parts"))) << "no image is left of a process that was killed";
}

/// Told by a figure that nobody would measure.
TEST_F(SweepAccuracyCommand, AShardTakesWhatAnotherOneStored) {
  ASSERT_EQ(swept("s.db", {"--shard", "1/2"}).status, 0);
  const auto stored = parts("s.db", ".json");
  ASSERT_EQ(stored.size(), 1U) << "its points have one recipe";
  auto text = test::slurp(stored.front());
  const auto at = text.find("\"perplexity\":");
  text.replace(at, text.find(',', at) - at, "\"perplexity\":12345.5");
  std::ofstream(stored.front(), std::ios::trunc) << text;
  ASSERT_EQ(swept("s.db", {"--shard", "2/2"}).status, 0);
  EXPECT_EQ(parts("s.db", ".json").size(), 2U);
  std::filesystem::remove(path("s.db.parts/shard-1-of-2.jsonl"));
  ASSERT_EQ(swept("s.db", {"--resume"}).status, 0);
  std::set<double> perplexities;
  const auto before = points_of("s.db");
  for (const auto& point : before) perplexities.insert(point["figures"]["perplexity"].get<double>());
  EXPECT_EQ(perplexities.size(), 2U);
  EXPECT_TRUE(perplexities.contains(12345.5));
  // The database keeps it for points that come later.
  auto more = test::slurp(path("spec.json"));
  more.replace(more.find("[400, 500]"), 10, "[400, 450, 500]");
  write("spec.json", more);
  ASSERT_EQ(swept("s.db", {"--extend"}).status, 0);
  const auto points = points_of("s.db");
  ASSERT_EQ(points.size(), 6U);
  EXPECT_EQ(std::ranges::count_if(points, [](const auto& each) { return each["figures"]["perplexity"] == 12345.5; }),
            3);
}

TEST_F(SweepAccuracyCommand, ADryRunCountsRecipes) {
  const auto dry = kiln({"sweep", path("spec.json"), "--dry-run"});
  EXPECT_EQ(dry.status, 0) << dry.err;
  EXPECT_THAT(dry.out, HasSubstr("4 points, 0 of them no chip"));
  EXPECT_THAT(dry.out, HasSubstr("before them 2 recipes to bake and evaluate, with all threads"));
  EXPECT_EQ(document({"sweep", path("spec.json"), "--dry-run"})["recipes_to_evaluate"], 2);
}

TEST_F(SweepAccuracyCommand, BadInputIsOneSentenceAndLeavesNothing) {
  const auto refused = [&](const std::string& part) {
    for (const bool dry : {false, true}) {
      const auto outcome = dry ? kiln({"sweep", path("spec.json"), "--dry-run"}) : swept("x.db");
      EXPECT_EQ(outcome.status, 2) << outcome.out;
      EXPECT_THAT(outcome.err, HasSubstr(part));
      EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    }
    EXPECT_FALSE(std::filesystem::exists(path("x.db")));
    EXPECT_FALSE(std::filesystem::exists(path("x.db.parts")));
  };
  spec(R"("context": 64)", path("none.txt"));
  refused("/base/accuracy/text: cannot open " + path("none.txt"));
  spec(R"("context": 64, "chunks": 100000)");
  refused("/base/accuracy/chunks is 100000; ");
  spec(R"("contexts": 64)");
  refused("/base/accuracy/contexts is not a known key; did you mean context?");
  spec(R"("context": 1000000)");
  refused("one chunk of --context 1000000 needs as many");
  spec(R"("context": 64)", write("empty.txt", ""));
  refused("empty.txt is empty");
  spec(R"("context": 64, "checkpoint": "/nowhere")");
  refused("/base/accuracy/checkpoint: cannot open /nowhere");
}

/// And no image is left.
TEST_F(SweepAccuracyCommand, WhatCannotBeStoredIsASentence) {
  ASSERT_EQ(swept("s.db", {"--shard", "1/2"}).status, 0);
  const auto stored = parts("s.db", ".json").front();
  std::filesystem::remove(stored);
  std::filesystem::remove(path("s.db.parts/shard-1-of-2.jsonl"));
  std::filesystem::create_directories(stored + "/in the way");
  const auto failed = swept("s.db", {"--shard", "1/2"});
  EXPECT_EQ(failed.status, 2) << failed.out;
  EXPECT_THAT(failed.err, HasSubstr("cannot write " + stored + ": it is a directory"));
  EXPECT_TRUE(parts("s.db", ".rom").empty());
}

}  // namespace
}  // namespace kiln
