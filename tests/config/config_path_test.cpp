#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "kiln/config/load.hpp"

namespace kiln::config {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

/// A test's own folder, removed after it.
class ConfigPathTest : public testing::Test {
 protected:
  ConfigPathTest() : root_(fs::canonical(testing::TempDir()) / ("kiln_config_path_" + std::to_string(::getpid()))) {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~ConfigPathTest() override { fs::remove_all(root_); }

  std::string put(const std::string& file) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << "{}";
    return (root_ / file).string();
  }
  std::string at(const std::string& file) { return (root_ / file).string(); }

  fs::path root_;
};

TEST_F(ConfigPathTest, EnvironmentComesBeforeTheProgram) {
  const auto first = put("a/chip/x.json");
  put("b/chip/x.json");
  const auto second = put("b/chip/y.json");
  const auto beside = put("bin/configs/chip/z.json");
  const ConfigPath path(at("a") + "::" + at("b"), at("bin/kiln"));
  EXPECT_EQ(path.find("chip", "x").value(), first);
  EXPECT_EQ(path.find("chip", "y").value(), second);
  EXPECT_EQ(path.find("chip", "z").value(), beside);
  EXPECT_THAT(path.list("chip"), ElementsAre("x", "y", "z"));
}

TEST_F(ConfigPathTest, FindsConfigsOfAnInstallationAndOfASourceTree) {
  const auto installed = put("usr/share/kiln/configs/chip/x.json");
  EXPECT_EQ(ConfigPath("", at("usr/bin/kiln")).find("chip", "x").value(), installed);
  const auto source = put("tree/configs/chip/x.json");
  EXPECT_EQ(ConfigPath("", at("tree/build/release/kiln")).find("chip", "x").value(), source);
  EXPECT_EQ(ConfigPath("", at("tree/build/a/b/kiln")).find("chip", "x").value(), source);
  EXPECT_FALSE(ConfigPath("", at("tree/1/2/3/4/5/kiln")).find("chip", "x").ok());
}

TEST_F(ConfigPathTest, AProgramBehindALinkIsFollowed) {
  const auto file = put("opt/configs/chip/x.json");
  put("opt/kiln");
  fs::create_directories(root_ / "bin");
  fs::create_symlink(root_ / "opt/kiln", root_ / "bin/kiln");
  EXPECT_EQ(ConfigPath("", at("bin/kiln")).find("chip", "x").value(), file);
}

TEST_F(ConfigPathTest, NamesWithASlashOrAnEndingAreFiles) {
  const auto file = put("somewhere/own.json");
  const ConfigPath path("", "");
  EXPECT_EQ(path.find("chip", file).value(), file);
  EXPECT_EQ(path.find("chip", "./none.json").error().message, "./none.json: there is no such chip config file");
  EXPECT_FALSE(path.find("chip", "none.json").ok());
}

TEST_F(ConfigPathTest, ErrorsNameTheNearestAndAllThereAre) {
  put("a/chip/demo.json");
  put("a/chip/hc1.json");
  put("a/chip/notes.txt");
  const ConfigPath path(at("a"), "");
  EXPECT_EQ(path.find("chip", "dmo").error().message,
            "no chip config is named \"dmo\"; the nearest is \"demo\"; there are demo, hc1");
  put("a/chip/demo-fast.json");
  EXPECT_EQ(path.find("chip", "Demo").error().message,
            "no chip config is named \"Demo\"; the nearest are \"demo\" and \"demo-fast\"; there are demo, demo-fast, "
            "hc1");
  EXPECT_THAT(path.find("model", "x").error().message, HasSubstr("there are none under " + at("a")));
  EXPECT_THAT(ConfigPath("", "").find("chip", "x").error().message, HasSubstr("KILN_CONFIG_PATH is not set"));
  EXPECT_FALSE(path.find("chip", "").ok());
}

}  // namespace
}  // namespace kiln::config
