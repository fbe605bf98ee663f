// `--lora` from outside, with an adapter made by scripts/make-lora on the embedded model: its document, errors in one
// sentence. What an adapter does to values and cycles: tests/study/lora_test.cpp.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>

#include "support/kiln_test.hpp"

namespace kiln {
namespace {

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
};

TEST_F(LoraCli, AnAdapterThatBreaksTheReferenceIsToldInASentence) {
  const auto lora = adapter("--rank 2 --strength 1e20");
  const auto outcome = kiln({"eval", "--checkpoint", kBaseModel, "--text", kBaseModel + "/heldout.txt", "--context",
                             "64", "--chunks", "1", "--lora", lora});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("finite ones are expected"));
  EXPECT_THAT(outcome.err, testing::Not(HasSubstr("internal")));
}

TEST_F(LoraCli, ANameThatIsNoUtf8EndsInADocument) {
  const auto lora = path("ad\xFF");
  fs::rename(adapter("--rank 2"), lora);
  const auto run = document(
      {"run", "--model", "kiln-stories-1m", "--chip", "demo", "--prompt-tokens", "2", "-n", "2", "--lora", lora});
  EXPECT_EQ(run["lora"]["ranks"]["q"], 2);
  EXPECT_EQ(run["lora"]["adapter"], path("ad\uFFFD"));
}

TEST_F(LoraCli, WhatCannotRunIsRefusedInOneSentence) {
  const auto lora = adapter("--rank 4");
  const std::vector<std::string> run = {"run", "--chip", "demo", "--prompt-tokens", "2", "-n", "2"};
  const auto refused = [&](std::vector<std::string> more) {
    more.insert(more.begin(), run.begin(), run.end());
    const auto outcome = kiln(more);
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
