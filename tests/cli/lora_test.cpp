// `--lora` from outside, with an adapter made by scripts/make-lora on the embedded model: as close to the reference
// with it as without, cycles of the page's formula, errors in one sentence.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "support/kiln_test.hpp"

namespace kiln {
namespace {

using nlohmann::json;
using testing::HasSubstr;
namespace fs = std::filesystem;

const std::string kBaseModel = KILN_SOURCE_DIR "/models/kiln-stories-1m";

class LoraCli : public test::KilnTest {
 protected:
  [[nodiscard]] std::string adapter(const std::string& options) const {
    const std::string to = path("adapter");
    const std::string command =
        KILN_SOURCE_DIR "/scripts/make-lora --model " + kBaseModel + " -o " + to + " " + options;
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return to;
  }
  [[nodiscard]] std::string baked() const {
    (void)kiln({"bake", kBaseModel, "-o", path("w8.rom"), "--recipe", "w8"});
    return path("w8.rom");
  }
};

TEST_F(LoraCli, TheChipIsAsCloseToTheReferenceAsWithoutAnAdapter) {
  const auto rom = baked();
  const auto lora = adapter("--rank 8 --strength 0.1");
  std::vector<std::string> evaluate = {
      "eval", "--rom",    rom, "--checkpoint", kBaseModel, "--text", kBaseModel + "/heldout.txt", "--context",
      "128",  "--chunks", "3"};
  const auto without = kiln(evaluate);
  evaluate.insert(evaluate.end(), {"--lora", lora});
  const auto with = kiln(evaluate);
  EXPECT_EQ(with["lora"], lora);
  // The adapter does something, to both.
  EXPECT_GT(std::abs(with["reference"]["mean_nll"].get<double>() - without["reference"]["mean_nll"].get<double>()),
            0.01);
  EXPECT_NEAR(with["chip"]["mean_nll"], with["reference"]["mean_nll"], 0.01);
  EXPECT_LT(with["kl_divergence"], 0.001);  // docs/lora.md: 0.0004 on longer text
  EXPECT_GT(with["top1_agreement"], 0.96);
}

TEST_F(LoraCli, CyclesFollowTheFormulaAndTokensDoNotDependOnThem) {
  const auto rom = baked();
  const auto lora = adapter("--rank 16 --targets q_proj,down_proj --strength 2");
  const std::vector<std::string> run = {"run", "--rom", rom, "--chip", "demo", "--prompt", "Once upon", "-n", "12"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), run.begin(), run.end());
    return kiln(more);
  };
  const auto without = with({});
  const auto adapted = with({"--lora", lora});
  const auto wide = with({"--lora", lora, "--set", "lora.macs=1048576"});
  EXPECT_NE(adapted["token_ids"], without["token_ids"]);
  EXPECT_EQ(adapted["token_ids"], wide["token_ids"]);
  EXPECT_TRUE(adapted["closed_form"]["agrees"]);
  EXPECT_FALSE(without["critical_path"].contains("lora_unit"));
  EXPECT_EQ(wide["critical_path"]["lora_unit"], 0);
  // 5 layers; demo: 64 weights a cycle, 2 * (2 + 3 + 8) + 4 = 30 cycles beside. q: 128 inputs, 128 outputs: 32 + 32
  // cycles. down: 384 inputs, 128 outputs: 96 + 32. The embedded model's arrays take as many cycles with the adapter
  // hidden.
  const std::uint64_t tokens = adapted["prompt_tokens"].get<std::uint64_t>() + 11;
  EXPECT_EQ(adapted["cycles_by_unit"]["lora_unit"]["compute"], tokens * 5 * (30 + 64 + 30 + 128));
  EXPECT_EQ(adapted["activity"]["lora_macs"], tokens * 5 * 64 * (64 + 128));
  EXPECT_EQ(adapted["cycles_total"].get<std::uint64_t>() - wide["cycles_total"].get<std::uint64_t>(),
            adapted["critical_path"]["lora_unit"].get<std::uint64_t>());
  EXPECT_EQ(adapted["lora"]["ranks"], (json{{"q", 16}, {"down", 16}}));
  const auto timing = with({"--lora", lora, "--timing-only"});
  EXPECT_EQ(timing["cycles_total"], adapted["cycles_total"]);
  const auto shapes = kiln({"run", "--model", "kiln-stories-1m", "--chip", "demo", "--lora", lora, "--prompt-tokens",
                            std::to_string(adapted["prompt_tokens"].get<int>()), "-n", "12"});
  EXPECT_EQ(shapes["cycles_total"], adapted["cycles_total"]);
}

TEST_F(LoraCli, AnAdapterThatBreaksTheReferenceIsToldInASentence) {
  const auto lora = adapter("--rank 2 --strength 1e20");
  const auto outcome = test::run_kiln({"eval", "--checkpoint", kBaseModel, "--text", kBaseModel + "/heldout.txt",
                                       "--context", "64", "--chunks", "1", "--lora", lora},
                                      folder_);
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("finite ones are expected"));
  EXPECT_THAT(outcome.err, testing::Not(HasSubstr("internal")));
}

TEST_F(LoraCli, ANameThatIsNoUtf8EndsInADocument) {
  const auto lora = path("ad\xFF");
  fs::rename(adapter("--rank 2"), lora);
  const auto run =
      kiln({"run", "--model", "kiln-stories-1m", "--chip", "demo", "--prompt-tokens", "2", "-n", "2", "--lora", lora});
  EXPECT_EQ(run["lora"]["ranks"]["q"], 2);
}

TEST_F(LoraCli, WhatCannotRunIsRefusedInOneSentence) {
  const auto lora = adapter("--rank 4");
  const std::vector<std::string> run = {"run", "--chip", "demo", "--prompt-tokens", "2", "-n", "2"};
  const auto refused = [&](std::vector<std::string> more) {
    more.insert(more.begin(), run.begin(), run.end());
    const auto outcome = test::run_kiln(more, folder_);
    EXPECT_EQ(outcome.status, 2) << outcome.out;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    return outcome.err;
  };
  EXPECT_THAT(refused({"--model", "stories260k", "--lora", lora}),
              HasSubstr("has the shape [4, 128]; [4, 64] is expected"));
  EXPECT_THAT(refused({"--model", "kiln-stories-1m", "--lora", ""}), HasSubstr("--lora"));
  EXPECT_THAT(refused({"--model", "kiln-stories-1m", "--lora", path("none")}), HasSubstr("adapter_config.json"));
  EXPECT_THAT(refused({"--model", "kiln-stories-1m", "--lora", lora, "--set", "lora.sram_kib=16"}),
              HasSubstr("/lora/sram_kib"));
}

}  // namespace
}  // namespace kiln
