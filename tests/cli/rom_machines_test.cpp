// The generated page on other machines is what its script writes.
#include <gtest/gtest.h>

#include <cstdlib>

#include "support/kiln_test.hpp"

namespace kiln {
namespace {

class RomMachines : public test::KilnTest {};

TEST_F(RomMachines, ThePageIsWhatItsScriptWrites) {
  const std::string page = path("rom-machines.md");
  const std::string command =
      "python3 " KILN_SOURCE_DIR "/scripts/rom-machines-report --kiln " KILN_BINARY_DIR "/kiln --output " + page;
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(test::slurp(page), test::slurp(KILN_SOURCE_DIR "/docs/validation/rom-machines.md"));
}

}  // namespace
}  // namespace kiln
