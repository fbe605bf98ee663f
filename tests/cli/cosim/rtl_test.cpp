// Whole chips in RTL, through the program: 64 greedy tokens of real models with the ids and the cycles of the SystemC
// chip, and a directory that runs without Kiln.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>

#include "support/development_data.hpp"
#include "support/kiln_test.hpp"

namespace kiln::cli {
namespace {

class RtlChip : public test::KilnTest {
 protected:
  void SetUp() override {
    KilnTest::SetUp();
    ::setenv("KILN_CACHE", KILN_BINARY_DIR "/cosim-cache", 1);  // what is compiled is kept for the next run
  }
  void bake(const std::string& checkpoint, const std::string& recipe) const {
    const auto baked = kiln({"bake", checkpoint, "-o", path("model.rom"), "--recipe", recipe});
    ASSERT_EQ(baked.status, 0) << baked.err;
  }
  /// docs/report.md: conventions.report has every other document.
  void expect_on_the_page_of_documents(const nlohmann::json& json) const {
    const std::string check =
        "python3 " KILN_SOURCE_DIR "/scripts/check-conventions report --rtl " + write("run.json", json.dump());
    EXPECT_EQ(std::system(check.c_str()), 0);
  }
  void expect_64_tokens_in_rtl(const std::string& chip, const std::vector<std::string>& prompt) const {
    std::vector<std::string> run = {"run", "--rom", path("model.rom"), "--chip", chip, "-n", "64", "--rtl"};
    run.insert(run.end(), prompt.begin(), prompt.end());
    const auto json = document(run);
    ASSERT_TRUE(json.contains("rtl"));
    EXPECT_TRUE(json["rtl"]["agrees"].get<bool>());
    EXPECT_EQ(json["rtl"]["cycles_total"], json["cycles_total"]);
    EXPECT_EQ(json["rtl"]["tokens"].get<std::size_t>(),
              json["prompt_tokens"].get<std::size_t>() + json["generated_tokens"].get<std::size_t>() - 1);
    EXPECT_EQ(json["generated_tokens"], 64);
    expect_on_the_page_of_documents(json);
    const auto& host = json["host"];
    std::cout << chip << ": " << json["rtl"]["tokens"] << " tokens, " << json["cycles_total"] << " cycles; RTL "
              << host["rtl_cycles_per_s"] << " cycles/s, " << host["rtl_tokens_per_s"] << " tokens/s (built in "
              << host["rtl_build_s"] << " s); SystemC " << host["simulated_cycles_per_s"] << " cycles/s\n";
  }
};

TEST_F(RtlChip, RunsTheEmbeddedModelAsTheSystemCChipDoes) {
  bake(KILN_SOURCE_DIR "/models/kiln-stories-1m", "w3w6");
  expect_64_tokens_in_rtl("demo", {"--prompt", "Once upon a time"});
}

TEST_F(RtlChip, RunsStories260KAsTheSystemCChipDoes) {
  const auto data = test::shared_data("data/stories260K/stories260K.gguf");
  KILN_NEEDS_DATA(data);
  bake(data.path.string(), "w8");
  expect_64_tokens_in_rtl("demo", {"--prompt", "Once upon a time"});
}

TEST_F(RtlChip, DrawsTheSameTokensUntilTheKvCacheIsFullWithOddLanesAndTilesThatCutGroups) {
  bake(KILN_SOURCE_DIR "/models/kiln-stories-1m", "w4");
  const auto json = document({"run",
                              "--rom",
                              path("model.rom"),
                              "--chip",
                              "demo",
                              "-n",
                              "24",
                              "--rtl",
                              "--prompt",
                              "The dog",
                              "--temperature",
                              "0.8",
                              "--top-k",
                              "5",
                              "--seed",
                              "7",
                              "--set",
                              "link.beat_groups=2",
                              "--set",
                              "vector.lanes=33",
                              "--set",
                              "tile.rows=100",
                              "--set",
                              "kv.depth_words=10"});
  ASSERT_TRUE(json.contains("rtl"));
  EXPECT_TRUE(json["rtl"]["agrees"].get<bool>());
  EXPECT_EQ(json["rtl"]["cycles_total"], json["cycles_total"]);
  EXPECT_EQ(json["generated_tokens"], 18);  // after a prompt of 3 tokens; the cache holds 20, and the last is not kept
}

TEST_F(RtlChip, LiesInADirectoryThatRunsByTheCommandOfItsReadme) {
  bake("synthetic:stories260k", "w4");
  const auto written = kiln({"rtl", "--rom", path("model.rom"), "--chip", "demo-rom-mac", "--unit", "chip", "-n", "3",
                             "--prompt-tokens", "2", "-o", path("chip")});
  ASSERT_EQ(written.status, 0) << written.err;
  const std::string readme = test::slurp(path("chip/README.md"));
  std::smatch command;
  ASSERT_TRUE(std::regex_search(readme, command, std::regex("\n    (verilator --cc --exe[^\n]*)\n")));
  const std::string line = "cd '" + path("chip") + "' && " + command[1].str() + " > log 2>&1";
  EXPECT_EQ(std::system(line.c_str()), 0) << test::slurp(path("chip/log"));
  EXPECT_NE(test::slurp(path("chip/log")).find("every id and every cycle as expected"), std::string::npos);

  const auto says = [&](const std::string& arguments, const std::string& sentence) {
    const std::string again = "cd '" + path("chip") + "' && ./obj_dir/Vkiln_chip " + arguments + " > log 2>&1";
    const bool failed = std::system(again.c_str()) != 0;
    EXPECT_NE(test::slurp(path("chip/log")).find(sentence), std::string::npos) << test::slurp(path("chip/log"));
    return failed;
  };
  EXPECT_FALSE(says("-n 2 1 5", "2 tokens, "));
  EXPECT_TRUE(says("-n two 1 5", "the number of new tokens is two; expected: a number from 1 to "));
  EXPECT_TRUE(says("-n 2 1 512", "an id of the prompt is 512; expected: a number from 0 to 511"));
  EXPECT_TRUE(says("5", "usage: "));
  std::filesystem::remove(path("chip/embedding_codes.hex"));
  EXPECT_TRUE(says("", "embedding_codes.hex is not in this directory"));
}

}  // namespace
}  // namespace kiln::cli
