// A hundred kills over the commands that write: what is under the final name is whole, the old or the new one; at most
// one partial file remains, and the next write takes it away.
#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <iostream>
#include <map>
#include <random>
#include <thread>

#include "support/kiln_test.hpp"
#include "support/seed.hpp"

namespace kiln {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;
using Clock = std::chrono::steady_clock;

const std::string kModel = KILN_SOURCE_DIR "/models/kiln-stories-1m";
constexpr int kKills = 20;  ///< of each command

class Kills : public test::KilnTest {
 protected:
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(folder_)) all.push_back(entry.path().filename().string());
    return all;
  }
  /// `make` says what a whole file is, out of its text: documents hold times.
  void kill_often(const Arguments& command, const std::string& file,
                  const std::function<std::string(std::string)>& essence) {
    const auto began = Clock::now();
    ASSERT_EQ(kiln(command).status, 0);
    const std::chrono::duration<double> whole = Clock::now() - began;
    const auto good = essence(test::slurp(path(file)));
    const auto there = names().size();
    std::mt19937 random(static_cast<unsigned>(support::test_seed(17)));
    int killed = 0;
    for (int i = 0; i < kKills; ++i) {
      // Half of them find an old file; most of the time goes by before the file is written.
      if (i % 2 == 0) fs::remove(path(file));
      const bool old = fs::exists(path(file));
      const auto child = test::start_kiln(command, scratch() + "/killed");
      std::this_thread::sleep_for(whole * std::uniform_real_distribution<>(0, 1.1)(random));
      ::kill(child, SIGKILL);
      killed += test::finish_kiln(child, scratch() + "/killed").status == -SIGKILL ? 1 : 0;
      if (old) {
        EXPECT_TRUE(fs::exists(path(file)));
      }
      if (fs::exists(path(file))) {
        EXPECT_EQ(essence(test::slurp(path(file))), good);
      }
      const auto left = names();
      EXPECT_LE(left.size(), there + 1) << "besides the file, at most one that is partial";
      for (const auto& name : left) {
        if (name.ends_with(".partial")) {
          EXPECT_EQ(name, file + ".partial");
        }
      }
    }
    ASSERT_EQ(kiln(command).status, 0);
    EXPECT_EQ(essence(test::slurp(path(file))), good);
    EXPECT_EQ(names().size(), there);
    std::cout << command.front() << ": " << killed << " of " << kKills << " ended by the kill, " << whole.count()
              << " s a run\n";
    EXPECT_GT(killed, kKills / 2);
  }
};

std::string bytes(std::string text) { return text; }

TEST_F(Kills, LoseNothingThatWasWritten) {
  const auto rom = shared_image(kModel, "w4", "a.rom");
  write("t.txt", "Once upon a time there was a little dog. He liked to play with the red ball in the garden all day.");
  const auto tokens = [](const std::string& text) {
    const auto document = nlohmann::json::parse(text, nullptr, false);
    return document.is_discarded() ? "no whole document: " + text.substr(0, 100) : document["token_ids"].dump();
  };
  kill_often({"bake", kModel, "-o", path("b.rom"), "--recipe", "w4"}, "b.rom", bytes);
  kill_often({"run", "--rom", rom, "--chip", "demo", "--prompt", "Hi", "-n", "8", "--json", path("r.json")}, "r.json",
             tokens);
  kill_often({"eval", "--rom", rom, "--text", path("t.txt"), "--context", "16", "--logits", path("l.f32")}, "l.f32",
             bytes);
  kill_often({"run", "--rom", rom, "--chip", "demo", "--prompt", "Hi", "-n", "8", "--record", path("g.json")}, "g.json",
             bytes);
}

TEST_F(Kills, ASweepGoesOnToTheSameTable) {
  write("s.json", R"({"version": 1,
    "base": {"chip": "demo", "model": "kiln-stories-1m", "prompt_tokens": 16, "new_tokens": 8},
    "vary": {"chip:/kv/banks": [16, 32, 64], "chip:/clock_mhz": [500, 600, 700, 800]},
    "sample": {"method": "grid"}, "objectives": [{"figure": "tokens_per_s_user", "direction": "max"}]})");
  const Arguments sweep = {"sweep", path("s.json"), "-o", path("s.db"), "-j", "2"};
  const auto began = Clock::now();
  ASSERT_EQ(kiln(sweep).status, 0);
  const std::chrono::duration<double> whole = Clock::now() - began;
  const auto table = [&] { return kiln({"sweep", "export", path("s.db"), "--csv", "-"}).out; };
  const auto good = table();
  ASSERT_FALSE(good.empty());
  fs::remove(path("s.db"));
  std::mt19937 random(static_cast<unsigned>(support::test_seed(17)));
  auto resumed = sweep;
  resumed.emplace_back("--resume");
  for (int i = 0; i < kKills; ++i) {
    const auto child = test::start_kiln(resumed, scratch() + "/killed");
    std::this_thread::sleep_for(whole * std::uniform_real_distribution<>(0, 0.4)(random));
    ::kill(child, SIGKILL);
    (void)test::finish_kiln(child, scratch() + "/killed");
    std::map<std::string, int> partial;  // by folder
    for (const auto& entry : fs::recursive_directory_iterator(folder_))
      if (entry.path().string().find(".partial") != std::string::npos) ++partial[entry.path().parent_path().string()];
    for (const auto& [where, count] : partial) EXPECT_LE(count, 1) << where;
  }
  const auto last = kiln(resumed);
  EXPECT_EQ(last.status, 0) << last.err;
  EXPECT_EQ(table(), good);
  // Nor is anything else left: a list, a log or an image with the number of a process that was killed.
  EXPECT_THAT(names(), testing::UnorderedElementsAre("s.db", "s.json"));
}

}  // namespace
}  // namespace kiln
