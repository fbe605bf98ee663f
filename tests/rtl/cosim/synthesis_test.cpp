// The page on cells by synthesis is what its script makes of the RTL.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/subprocess.hpp"

namespace kiln::rtl {
namespace {

TEST(Synthesis, PageIsWhatTheScriptMakes) {
  const std::string log = testing::TempDir() + "synthesis.log";
  std::ifstream version_log;
  const auto version = base::run_program({"yosys", "-V"}, log, "synthesis is Yosys's");
  ASSERT_TRUE(version.ok()) << version.error().message;
  version_log.open(log);
  const std::string text(std::istreambuf_iterator<char>(version_log), {});
  if (!text.starts_with("Yosys 0.23 ")) GTEST_SKIP() << "the page is Yosys 0.23's, this machine has " << text;
  const auto checked =
      base::run_program({KILN_SOURCE_DIR "/scripts/rtl-synthesis", "--check"}, log, "the script that writes the page");
  EXPECT_TRUE(checked.ok()) << checked.error().message;
}

}  // namespace
}  // namespace kiln::rtl
