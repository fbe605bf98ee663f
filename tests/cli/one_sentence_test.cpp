// What files say is quoted in errors: a line break in it must not end Kiln's sentence and begin another, and megabytes of
// it must not fill a terminal. Each reader gets both, made here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "checkpoint/files.hpp"
#include "support/kiln_test.hpp"

namespace kiln {
namespace {

namespace hostile_files = checkpoint::test;

constexpr std::size_t kLongestLine = 5000;  // 1000 bytes, each a control of four characters, and what is in front
// Line ends of ASCII and of Unicode, and what a terminal takes for the beginning of a command.
const std::string kForged = "a\nkiln: error: forged\u2028kiln: error: forged\u0085kiln: error: forged\u009b31m";

class OneSentence : public test::KilnTest {
 protected:
  static void expect_no_second_line(const std::string& text) {
    for (const char* end : {"\nkiln: error: forged", "\u2028", "\u0085", "\u009b"})
      EXPECT_THAT(text, testing::Not(testing::HasSubstr(end)));
  }
  void expect_one_sentence(const std::vector<std::string>& arguments, const std::string& what) const {
    const auto outcome = kiln(arguments);
    EXPECT_EQ(outcome.status, 2) << what << outcome.err.substr(0, 2000);
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << what << outcome.err.substr(0, 2000);
    EXPECT_THAT(outcome.err, testing::StartsWith("kiln: error: ")) << what;
    expect_no_second_line(outcome.err);
    EXPECT_LT(outcome.err.size(), kLongestLine) << what;
  }

  /// Each reader's file with `text` as a key or a name in it.
  void expect_of_each_reader(const std::string& text) {
    using nlohmann::json;
    const std::string key = json(text).dump();
    const auto run = [](std::vector<std::string> more) {
      std::vector<std::string> all = {"run", "--timing-only", "-n", "1"};
      all.insert(all.end(), more.begin(), more.end());
      return all;
    };
    const std::string model = "kiln-stories-1m";
    for (const auto& line : {"{" + key + ": 1}", R"({"arrival_us": )" + key + "}", "{" + key + ": 1, " + key + ": 2}"})
      expect_one_sentence(
          {"run", "--timing-only", "--model", model, "--chip", "demo", "--workload", write("load.jsonl", line)},
          "workload ");
    for (const auto& chip : {"{\"extends\": \"demo\", " + key + ": 1}", "{\"extends\": " + key + "}",
                             "{\"extends\": \"demo\", \"kv\": {\"banks\": " + key + "}}"}) {
      const auto file = write("chip.json", chip);
      const auto outcome = kiln(run({"--model", model, "--prompt-tokens", "1", "--chip", file}));
      EXPECT_EQ(outcome.status, 2) << outcome.err.substr(0, 2000);
      expect_no_second_line(outcome.err);
      EXPECT_LT(outcome.err.size(), kLongestLine);
    }
    expect_one_sentence({"check", write("base.json", R"({"version": 1, "metrics": [{)" + key + ": 1}]}")}, "baseline ");
    expect_one_sentence({"sweep",
                         write("spec.json", R"({"version": 1, "base": {"chip": "demo", "model": ")" + model +
                                                R"("}, "vary": {)" + key + R"(: [1]}, "sample": {"method": "grid"}})"),
                         "-o", (folder_ / "sweep").string()},
                        "spec ");
    auto tensors = hostile_files::tiny_hf_tensors();
    tensors.front().name = text;
    const auto bake = [&](const std::string& from) {
      return std::vector<std::string>{"bake", from, "-o", (folder_ / "x.rom").string()};
    };
    const auto checkpoint = folder_ / "checkpoint";
    std::filesystem::create_directories(checkpoint);
    expect_one_sentence(bake(hostile_files::write_hf(checkpoint, hostile_files::tiny_hf_config(), tensors).string()),
                        "tensor ");
    auto config = hostile_files::tiny_hf_config();
    for (const char* spoilt : {"architectures", "model_type", "hidden_act", "quantization_config", "rope_scaling"}) {
      config = hostile_files::tiny_hf_config();
      config[spoilt] = spoilt == std::string("architectures") ? json{text} : json(text);
      expect_one_sentence(bake(hostile_files::write_hf(checkpoint, config, tensors).string()), spoilt);
    }
  }
};

TEST_F(OneSentence, ALineBreakInAFileForgesNone) { expect_of_each_reader(kForged); }

TEST_F(OneSentence, MegabytesOfAFileAreCut) { expect_of_each_reader(std::string(400000, 'a')); }

TEST_F(OneSentence, ManyErrorsOfAConfigAreSentencesOfTheirOwn) {
  const auto file =
      write("chip.json", R"({"extends": "demo", "name": "c", "description": "", "a\nb": 1, "kv": {"banks": -1}})");
  const auto outcome =
      kiln({"run", "--timing-only", "--model", "kiln-stories-1m", "--chip", file, "--prompt-tokens", "1"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 2) << outcome.err;
}

}  // namespace
}  // namespace kiln
