// What happens while the commands of a `kiln check` run: it is interrupted, its baseline changes, and they write elsewhere.
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <thread>

#include "cli/check_testing.hpp"

namespace kiln {
namespace {

class CheckMeanwhile : public CheckCommand {
 protected:
  /// TMPDIR of the programs that are started meanwhile.
  class Temporary {
   public:
    explicit Temporary(const std::string& folder) {
      if (const char* before = std::getenv("TMPDIR")) before_ = before;
      ::setenv("TMPDIR", folder.c_str(), 1);
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
    ~Temporary() { before_ ? ::setenv("TMPDIR", before_->c_str(), 1) : ::unsetenv("TMPDIR"); }

   private:
    std::optional<std::string> before_;
  };
  /// A check whose first command runs already; to be waited for with scratch() + "/long".
  [[nodiscard]] pid_t started(Words more = {}) const {
    const Temporary folder(scratch());
    more.insert(more.begin(), {"check", path("gates/kiln.json")});
    const auto child = test::start_kiln(more, scratch() + "/long");
    const auto runs = [&] {
      for (const auto& entry : std::filesystem::directory_iterator(scratch()))
        if (std::error_code ignored; std::filesystem::exists(entry.path() / "log", ignored)) return true;
      return false;
    };
    bool seen = runs();
    for (int wait = 0; wait < 60000 && !seen; ++wait) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      seen = runs();
    }
    EXPECT_TRUE(seen);
    return child;
  }
};

TEST_F(CheckMeanwhile, StopsWithinASecond) {
  chip();
  record_run();
  edit(std::regex("\"8\",\"-n\",\"8\""), "\"8\",\"-n\",\"2000\",\"--users\",\"500\"");
  const auto child = started();
  const auto began = std::chrono::steady_clock::now();
  ::kill(child, SIGINT);
  const auto outcome = test::finish_kiln(child, scratch() + "/long");
  EXPECT_EQ(outcome.status, 130) << outcome.out;
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

TEST_F(CheckMeanwhile, UpdateDoesNotUndoWhatWasRecordedMeanwhile) {
  chip();
  record_run();
  edit(std::regex("\"8\",\"-n\",\"8\""), "\"8\",\"-n\",\"2000\",\"--users\",\"40\"");
  const auto child = started({"--update", "--junit", path("j.xml")});
  edit(std::regex("\"relative\":0(\\.0)?"), "\"relative\":0.5");
  const auto text = test::slurp(path("gates/kiln.json"));
  const auto outcome = test::finish_kiln(child, scratch() + "/long");
  EXPECT_EQ(outcome.status, 2) << outcome.out;
  EXPECT_THAT(outcome.err, testing::HasSubstr(path("gates/kiln.json") + " has changed meanwhile"));
  EXPECT_EQ(test::slurp(path("gates/kiln.json")), text);
  EXPECT_FALSE(std::filesystem::exists(path("j.xml")));
}

TEST_F(CheckMeanwhile, CommandsWriteIntoARelativeFolderToo) {
  chip();
  record_run();
  const Temporary folder(std::filesystem::relative(scratch()).string());
  EXPECT_EQ(check().status, 0);
}

}  // namespace
}  // namespace kiln
