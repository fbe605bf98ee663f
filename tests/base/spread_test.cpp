// The middle and the ends of rounds; a folder that goes with its object.
#include "base/spread.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/temporary_folder.hpp"

namespace kiln::base {
namespace {

TEST(Spread, IsTheMiddleAndTheEndsInAnyOrder) {
  const auto odd = spread_of({5, 1, 100});
  EXPECT_EQ(odd.median, 5);
  EXPECT_EQ(odd.least, 1);
  EXPECT_EQ(odd.most, 100);
  EXPECT_EQ(spread_of({4, 1, 2, 100}).median, 3);
  const auto one = spread_of({7});
  EXPECT_TRUE(one.median == 7 && one.least == 7 && one.most == 7);
  EXPECT_THROW((void)spread_of({}), BugError);
}

TEST(TemporaryFolder, IsGoneWithWhatIsInIt) {
  std::string path;
  {
    auto folder = TemporaryFolder::create("kiln-test", "where a test writes");
    ASSERT_TRUE(folder.ok());
    path = folder->path();
    std::ofstream(path + "/file") << "text";
    const auto moved = *std::move(folder);
    EXPECT_EQ(moved.path(), path);
    EXPECT_TRUE(std::filesystem::exists(path + "/file"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(TemporaryFolder, SaysWhereNoneCanBeMade) {
  const char* before = std::getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("TMPDIR", "/proc", 1);
  const auto folder = TemporaryFolder::create("kiln-test", "where a test writes");
  before == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", kept.c_str(), 1);
  ASSERT_FALSE(folder.ok());
  EXPECT_THAT(folder.error().message, testing::HasSubstr("no folder can be made there, where a test writes: "));
}

}  // namespace
}  // namespace kiln::base
