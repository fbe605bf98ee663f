// A test that asks questions in the process, in a fresh folder: the shipped configs, a tiny model's shapes,
// and images baked from it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "bake/bake.hpp"
#include "kiln/config/latencies.hpp"
#include "kiln/config/load.hpp"
#include "kiln/study/inputs/environment.hpp"
#include "study/inputs/subject.hpp"

namespace kiln::test {

class StudyTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = testing::TempDir() + "study_" + info->test_suite_name() + "_" + info->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    environment_.on_warning = [this](const std::string& sentence) { warned_.push_back(sentence); };
    write("tiny.json", R"({"name": "tiny", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
      "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 100,
      "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "rope_theta": 10000, "rope_scaling": null,
      "tie_word_embeddings": false})");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] static config::Catalogue shipped() { return config::Catalogue(KILN_SOURCE_DIR "/configs"); }
  /// The shipped configs with overrides of a kind.
  [[nodiscard]] static study::Environment with(const std::string& kind, std::vector<config::Override> overrides) {
    config::Catalogue configs = shipped();
    configs.override_values(kind, std::move(overrides));
    return study::Environment(std::move(configs));
  }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }
  [[nodiscard]] std::string tiny() const { return "synthetic:" + path("tiny.json") + ":7"; }
  /// A ROM image of `checkpoint`.
  [[nodiscard]] std::string baked(const std::string& recipe, const std::string& checkpoint) {
    const auto opened = study::open_checkpoint(checkpoint, environment_.configs());
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    const auto format = environment_.configs().recipe(recipe);
    EXPECT_TRUE(format.ok()) << format.error().message;
    const auto done = bake::bake(**opened, *format, path(recipe + ".rom"), environment_.pool(), {});
    EXPECT_TRUE(done.ok()) << done.error().message;
    return path(recipe + ".rom");
  }
  [[nodiscard]] std::string baked(const std::string& recipe) { return baked(recipe, tiny()); }

  /// A shipped chip's config without /silicon, four cycles where it is auto: there is nothing to find them from.
  [[nodiscard]] static std::string without_silicon(const std::string& name) {
    auto chip = shipped().chip(name).value();
    config::for_each_latency(chip, [](const std::string&, std::uint32_t& cycles) {
      if (cycles == config::kAutomatic) cycles = 4;
    });
    chip.silicon.reset();
    return config::to_json(chip);
  }
  /// Why there is no answer.
  template <class Answer>
  [[nodiscard]] static std::string refusal(const base::Result<Answer>& answer) {
    return answer.ok() ? "an answer" : answer.error().message;
  }

  std::string folder_;
  study::Environment environment_{shipped()};
  std::vector<std::string> warned_;
};

}  // namespace kiln::test
