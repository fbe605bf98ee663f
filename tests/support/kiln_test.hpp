// The fixture of tests that run the program: a fresh folder each, in which there is only what a test and the program
// write (output of the program itself is kept beside it), the shipped configs, and the program's documents.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/kiln_process.hpp"
#include "support/shared_image.hpp"

namespace kiln::test {

class KilnTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = testing::TempDir() + "kiln_" + info->test_suite_name() + "_" + info->name();
    for (const std::filesystem::path& fresh : {folder_, std::filesystem::path(scratch())}) {
      std::filesystem::remove_all(fresh);
      std::filesystem::create_directories(fresh);
    }
    ::setenv("KILN_CONFIG_PATH", KILN_SOURCE_DIR "/configs", 1);
  }
  void TearDown() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::remove_all(scratch());
  }
  [[nodiscard]] std::string scratch() const { return folder_.string() + ".scratch"; }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  /// Where it is.
  std::string write(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return path(name);
  }
  [[nodiscard]] Outcome kiln(const std::vector<std::string>& arguments) const { return run_kiln(arguments, scratch()); }
  /// Where a copy of an image is that is baked once for all tests.
  [[nodiscard]] std::string shared_image(const std::string& checkpoint, const std::string& recipe,
                                         const std::string& name) const {
    copy_shared_image(checkpoint, recipe, path(name), scratch());
    return path(name);
  }
  /// Its document, of a run that must succeed.
  [[nodiscard]] nlohmann::json document(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--json", "-"});
    const auto outcome = kiln(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.status == 0 ? nlohmann::json::parse(outcome.out) : nlohmann::json::object();
  }
  std::filesystem::path folder_;
};

}  // namespace kiln::test
