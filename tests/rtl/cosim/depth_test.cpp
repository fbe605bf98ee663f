// The rows of small functions on the page on depth are what its script makes of the RTL.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/subprocess.hpp"

namespace kiln::rtl {
namespace {

TEST(DepthBySynthesis, PageIsWhatTheScriptMakes) {
  const std::string log = testing::TempDir() + "depth.log";
  const auto version = base::run_program({"yosys", "-V"}, log, "depth is by Yosys");
  ASSERT_TRUE(version.ok()) << version.error().message;
  std::ifstream version_log(log);
  const std::string text(std::istreambuf_iterator<char>(version_log), {});
  if (!text.starts_with("Yosys 0.23 ")) GTEST_SKIP() << "the page is Yosys 0.23's, this machine has " << text;
  const auto checked =
      base::run_program({KILN_SOURCE_DIR "/scripts/rtl-depth", "--check"}, log, "the script that writes the page");
  EXPECT_TRUE(checked.ok()) << checked.error().message;
}

}  // namespace
}  // namespace kiln::rtl
