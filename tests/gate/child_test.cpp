// Commands as processes: what they wrote last time is gone, their time is that of all processes that they start, and a
// stop ends them.
#include "gate/child.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

namespace kiln::gate {
namespace {

using testing::HasSubstr;

class Children : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) / "gate_children";
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ / "scratch");
  }
  /// A shell's lines in place of a kiln.
  [[nodiscard]] base::Result<Ended> run(const std::string& lines, const std::stop_token& stop = {}) const {
    const auto program = folder_ / "program";
    std::ofstream(program) << "#!/bin/sh\n" << lines << "\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    return run_child(program.string(), {"bake", "model", "-o", "/nowhere/x.rom"},
                     {folder_.string(), (folder_ / "scratch").string(), 3}, stop);
  }
  std::filesystem::path folder_;
};

TEST_F(Children, RunInTheBaselinesFolderAndWriteIntoTheScratchFolderAlone) {
  const std::string lines = "[ \"$*\" = \"bake model -o " + (folder_ / "scratch").string() + "/outputs/x.rom --json " +
                            (folder_ / "scratch").string() + "/document.json --threads 3\" ] || exit 4\n" +
                            "[ \"$(pwd -P)\" = \"" + std::filesystem::canonical(folder_).string() + "\" ] || exit 5\n" +
                            "[ -e \"$4\" ] && exit 6\necho x > \"$4\"";
  for (int time = 0; time < 2; ++time) EXPECT_TRUE(run(lines)->good()) << run(lines)->status;
}

TEST_F(Children, TakeTheTimeOfAllProcessesThatTheyStart) {
  const auto alone = run("true"), tree = run("sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done' & wait");
  EXPECT_GT(alone->processor_s, 0);
  EXPECT_GT(tree->processor_s, alone->processor_s + 0.05) << "the work was a grandchild's";
}

TEST_F(Children, SayWhyTheyFailed) {
  EXPECT_EQ(run("echo 'kiln: error: no such chip' >&2; exit 2")->why(), "no such chip");
  EXPECT_EQ(run("exit 7")->why(), "status 7");
  EXPECT_EQ(run("kill -9 $$")->why(), "ended by signal 9");
  std::filesystem::remove_all(folder_ / "scratch");
  EXPECT_THAT(run("true").error().message, HasSubstr("scratch"));
}

TEST_F(Children, AreInterrupted) {
  std::stop_source stop;
  stop.request_stop();
  const auto began = std::chrono::steady_clock::now();
  EXPECT_FALSE(run("exec sleep 60", stop.get_token())->good());
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
}

}  // namespace
}  // namespace kiln::gate
