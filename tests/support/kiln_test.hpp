// A test that runs the program in a fresh folder of its own and reads its documents.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/kiln_process.hpp"

namespace kiln::test {

class KilnTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = testing::TempDir() + "kiln_" + info->test_suite_name() + "_" + info->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    ::setenv("KILN_CONFIG_PATH", KILN_SOURCE_DIR "/configs", 1);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  /// Its document, of a run that must succeed.
  [[nodiscard]] nlohmann::json kiln(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--json", "-"});
    const auto outcome = run_kiln(arguments, folder_);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.status == 0 ? nlohmann::json::parse(outcome.out) : nlohmann::json::object();
  }
  std::string folder_;
};

}  // namespace kiln::test
