// `kiln sweep` where something happened to an earlier one: its files are damaged or another Kiln's, its workers were ended,
// its configs changed, or parts of it were collected. What is left is used, the rest is answered again.
#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "sweep_testing.hpp"

namespace kiln {
namespace {

using testing::HasSubstr;

class ResumedSweep : public test::SweepTest {
 protected:
  /// Points that take long enough to be met: simulated, with many tokens.
  void slow_spec(const std::string& clocks) const {
    spec(clocks);
    auto text = test::slurp(path("spec.json"));
    text.replace(text.find("\"new_tokens\": 8"), 15, "\"new_tokens\": 200");
    text.replace(text.rfind('}'), 1, ", \"engine\": \"simulate\"}");
    write("spec.json", text);
  }
  /// What one process answers whose workers are ended one after the other, as soon as they are there.
  [[nodiscard]] test::Outcome disturbed(const std::string& database, int signal, int times) const {
    const auto child =
        test::start_kiln({"sweep", path("spec.json"), "-o", path(database), "-j", "1"}, scratch() + "/s");
    pid_t worker = 0;
    for (int time = 0; time < times; ++time) {
      pid_t next = 0;
      for (int look = 0; (next == 0 || next == worker) && look < 2000; ++look) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        std::ifstream children("/proc/" + std::to_string(child) + "/task/" + std::to_string(child) + "/children");
        children >> next;
      }
      EXPECT_TRUE(next != 0 && next != worker);
      worker = next;
      if (worker != 0) ::kill(worker, signal);
    }
    return test::finish_kiln(child, scratch() + "/s");
  }
};

TEST_F(ResumedSweep, ATornLineInTheMiddleCostsOnePoint) {
  spec();
  ASSERT_EQ(sweep("torn.db", {"--shard", "1/1"}).status, 0);
  const auto file = path("torn.db.parts/shard-1-of-1.jsonl");
  auto text = test::slurp(file);
  text.erase(text.find('\n') - 30, 29);
  std::ofstream(file, std::ios::trunc) << text;
  const auto collected = kiln({"sweep", "collect", path("torn.db")});
  EXPECT_THAT(collected.err, HasSubstr("a line is not whole"));
  EXPECT_THAT(collected.out, HasSubstr("1 not answered"));
  const auto resumed = sweep("torn.db", {"--resume"});
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  ASSERT_EQ(sweep("whole.db").status, 0);
  EXPECT_EQ(exported("torn.db"), exported("whole.db"));
}

TEST_F(ResumedSweep, LinesOfAnotherKilnOrOfOtherConfigsAreAnsweredAgain) {
  spec();
  ASSERT_EQ(sweep("s.db", {"--shard", "1/1"}).status, 0);
  const auto file = path("s.db.parts/shard-1-of-1.jsonl");
  auto text = test::slurp(file);
  const auto key = text.find("\"key\":\"") + 7;
  text.replace(key, 4, "0000");
  std::ofstream(file, std::ios::trunc) << text << R"({"number": 99, "state": "done"})"
                                       << "\n"
                                       << R"({"number": 1, "state": "done"})"
                                       << "\n";
  const auto collected = kiln({"sweep", "collect", path("s.db")});
  EXPECT_THAT(collected.err, HasSubstr("3 of its lines are answers of another Kiln"));
  EXPECT_THAT(collected.err, HasSubstr("the file is kept as " + file + ".other"));
  EXPECT_THAT(collected.out, HasSubstr("1 not answered"));
  ASSERT_EQ(sweep("s.db", {"--resume"}).status, 0);
  EXPECT_THAT(test::slurp(file + ".other"), HasSubstr("\"number\": 99")) << "whoever wrote it can still read it";
}

TEST_F(ResumedSweep, PointsWhoseConfigsHaveChangedAreAnsweredAgain) {
  const auto chip = write("my.json", R"({"extends": "demo", "name": "my"})");
  write("spec.json", R"({"version": 1, "base": {"chip": ")" + chip + R"(", "model": "kiln-stories-1m",
    "prompt_tokens": 8, "new_tokens": 8}, "vary": {"recipe": ["w4"]}, "sample": {"method": "grid"}})");
  ASSERT_EQ(sweep("s.db").status, 0);
  const auto before = exported("s.db");
  write("my.json", R"({"extends": "demo", "name": "my", "clock_mhz": 321})");
  EXPECT_THAT(kiln({"sweep", "explain", path("s.db"), "0"}).out, HasSubstr("  the configs have changed since\n"));
  const auto resumed = sweep("s.db", {"--resume"});
  EXPECT_THAT(resumed.err, HasSubstr("the configs of 1 points have changed since"));
  EXPECT_NE(exported("s.db"), before);
  EXPECT_EQ(nlohmann::json::parse(exported("s.db"))["points"][0]["figures"]["clock_mhz"], 321);
}

TEST_F(ResumedSweep, AWorkerThatASignalEndsCostsOnePointUntilItIsResumed) {
  slow_spec("[400, 450, 500]");
  const auto outcome = disturbed("s.db", SIGSEGV, 1);
  EXPECT_EQ(outcome.status, 1) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("1 failed"));
  EXPECT_THAT(outcome.out, HasSubstr("was ended by signal 11"));
  EXPECT_THAT(outcome.out, testing::Not(HasSubstr("not answered")));
  const auto resumed = sweep("s.db", {"--resume"});
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("1 points failed as their processes were ended"));
  ASSERT_EQ(sweep("whole.db").status, 0);
  EXPECT_EQ(exported("s.db"), exported("whole.db"));
}

TEST_F(ResumedSweep, AWorkerThatIsKilledCostsNothingAndTwiceAPointUntilItIsResumed) {
  slow_spec("[450]");
  ASSERT_EQ(sweep("whole.db").status, 0);
  const auto table = exported("whole.db");
  const auto once = disturbed("once.db", SIGKILL, 1);
  EXPECT_EQ(once.status, 0) << once.out;
  EXPECT_EQ(exported("once.db"), table);
  const auto twice = disturbed("twice.db", SIGKILL, 2);
  EXPECT_EQ(twice.status, 1) << twice.out;
  EXPECT_THAT(twice.out, HasSubstr("was ended by signal 9"));
  ASSERT_EQ(sweep("twice.db", {"--resume"}).status, 0);
  EXPECT_EQ(exported("twice.db"), table);
}

TEST_F(ResumedSweep, AxesThatBeginAtAConfigsNumberMoveWithIt) {
  const auto chip = write("my.json", R"({"extends": "demo", "name": "my"})");
  write("spec.json", R"({"version": 1, "base": {"chip": ")" + chip + R"(", "model": "kiln-stories-1m",
    "prompt_tokens": 8, "new_tokens": 8}, "vary": {"chip:/clock_mhz": {}}, "sample": {"method": "one_at_a_time"}})");
  ASSERT_EQ(sweep("s.db").status, 0);
  write("my.json", R"({"extends": "demo", "name": "my", "clock_mhz": 320})");
  const auto resumed = sweep("s.db", {"--resume"});
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("the values of its axes have changed"));
  ASSERT_EQ(sweep("new.db").status, 0);
  EXPECT_EQ(exported("s.db"), exported("new.db"));
}

TEST_F(ResumedSweep, AShardIsOfItsDatabasesSpecAndRepeatsNothing) {
  spec();
  ASSERT_EQ(sweep("a.db", {"--shard", "1/1"}).status, 0);
  const std::string name = ".parts/shard-1-of-1.jsonl";
  const auto answers = test::slurp(path("a.db" + name));
  ASSERT_EQ(kiln({"sweep", "collect", path("a.db")}).status, 0);
  const auto again = sweep("a.db", {"--shard", "1/1"});
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(test::slurp(path("a.db" + name)), "") << "all of it is collected";
  auto text = test::slurp(path("spec.json"));
  text.replace(text.find(">= 420"), 6, ">= 470");
  write("spec.json", text);
  const auto refused = sweep("a.db", {"--shard", "1/1"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("a.db is the database of another spec; it differs at /constraints"));
  // Answers that came from another spec are judged by the database's.
  ASSERT_EQ(sweep("b.db").status, 0);
  const auto table = exported("b.db");
  std::filesystem::create_directories(path("b.db.parts"));
  write("b.db" + name, answers);
  ASSERT_EQ(kiln({"sweep", "collect", path("b.db")}).status, 0);
  EXPECT_EQ(exported("b.db"), table);
}

}  // namespace
}  // namespace kiln
