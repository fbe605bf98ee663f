// What `kiln run` says, from answers asked in the process.
#include "report/run_report.hpp"

#include <nlohmann/json.hpp>

#include "support/study_test.hpp"

namespace kiln::report {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class RunDocument : public test::StudyTest {
 protected:
  [[nodiscard]] study::RunQuestion question(std::uint64_t users) {
    study::RunQuestion question;
    question.rom = rom_.empty() ? rom_ = baked("w4") : rom_;
    question.chip = "demo";
    question.prompt_tokens = 5;
    question.new_tokens = 6;
    question.users = users;
    return question;
  }
  [[nodiscard]] static study::RunAnswer answer(const study::RunQuestion& question,
                                               std::vector<config::Override> chip = {}) {
    auto environment = with("chip", std::move(chip));
    auto answer = study::run(question, environment);
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return *std::move(answer);
  }

 private:
  std::string rom_;
};

TEST_F(RunDocument, UsersAreListedWhereThereAreSeveral) {
  auto several = question(3);
  several.sampling = {1.5, 8, 5};
  const auto asked = answer(several, {"sequencer.slots=4", "chips.count=2"});
  const auto run = json::parse(run_json(asked));
  ASSERT_EQ(run["by_user"].size(), 3U);
  for (std::size_t u = 0; u < 3; ++u)
    EXPECT_EQ(run["by_user"][u]["token_ids"], json(asked.result.chip.users[u].answer));
  EXPECT_EQ(run["users"], 3);
  EXPECT_EQ(run["generated_tokens"], 18);
  EXPECT_EQ(run["prompt_tokens"], 15);
  EXPECT_EQ(run["kv"]["reserved_tokens"], 3 * 10);
  EXPECT_EQ(run["top_k"], 8);
  EXPECT_TRUE(run["closed_form"]["agrees"]);
  EXPECT_EQ(run["stages"][1]["chip"], 1);
  for (const auto& [unit, causes] : run["cycles_by_unit"].items()) {
    std::uint64_t sum = 0;
    for (const auto& cycles : causes) sum += cycles.get<std::uint64_t>();
    EXPECT_EQ(sum, run["cycles_total"]) << unit;
  }
  EXPECT_FALSE(json::parse(run_json(answer(question(1)))).contains("by_user"));
}

TEST_F(RunDocument, AWorkloadHasItsFiguresAndThoseOfGpus) {
  auto load = question(1);
  load.prompt_tokens = std::nullopt;
  load.workload = write("w.jsonl",
                        "{\"arrival_us\": 0, \"prompt_tokens\": 5, \"answer_tokens\": 4}\n"
                        "{\"arrival_us\": 2.5, \"prompt_tokens\": 3, \"answer_tokens\": 6}\n");
  const auto asked = answer(load);
  const auto run = json::parse(run_json(asked));
  EXPECT_EQ(run["workload"]["finished"], 2);
  EXPECT_EQ(run["workload"]["refused"], 0);
  EXPECT_EQ(run["workload"]["ttft_us"]["count"], 2);
  EXPECT_EQ(run["workload"]["over_time"].size(), 50U);
  ASSERT_EQ(run["workload"]["baseline"].size(), asked.baseline_under_load.size());
  EXPECT_EQ(run["workload"]["baseline"][0]["ttft_us"]["count"], 2);
  EXPECT_EQ(run["by_user"][1]["generated_tokens"], 6);
  EXPECT_THAT(run_text(asked), HasSubstr("2 requests answered, 0 refused"));
}

TEST_F(RunDocument, BytesThatATokenReadsAreThoseOfTheImageWhateverItsLength) {
  auto asked = question(1);
  const auto run = json::parse(run_json(answer(asked)));
  asked.new_tokens = 2;
  const auto shorter = json::parse(run_json(answer(asked)));
  EXPECT_GT(run["host"]["bytes_read_per_token"], 0);
  EXPECT_EQ(run["host"]["bytes_read_per_token"], shorter["host"]["bytes_read_per_token"]);
  asked.timing_only = true;
  EXPECT_FALSE(json::parse(run_json(answer(asked)))["host"].contains("bytes_read_per_token"));
}

TEST_F(RunDocument, ArraysNameTheirTiles) {
  const auto plain = json::parse(run_json(answer(question(1))));
  EXPECT_FALSE(plain["chip"].contains("tiles"));
  EXPECT_EQ(plain["tile_arrays"][3]["microarchitecture"], "product_select");
  const auto mixed = json::parse(
      run_json(answer(question(1), {"tiles.down.microarchitecture=bit_serial",
                                    "tiles.lm_head.microarchitecture=rom_mac", "tiles.lm_head.rom_mac.mac_lanes=64"})));
  EXPECT_EQ(mixed["chip"]["tiles"]["lm_head"]["rom_mac"]["mac_lanes"], 64);
  EXPECT_EQ(mixed["tile_arrays"][3]["microarchitecture"], "bit_serial");
  EXPECT_EQ(mixed["token_ids"], plain["token_ids"]);
}

TEST_F(RunDocument, WithoutSiliconThereIsNoAreaAndNoEnergy) {
  auto asked = answer(question(1));
  const auto whole = json::parse(run_json(asked));
  asked.cost = std::nullopt;
  const auto bare = json::parse(run_json(asked));
  for (const auto* key : {"energy_mj_per_token", "power_w", "area_mm2", "transistors"}) {
    EXPECT_TRUE(whole.contains(key)) << key;
    EXPECT_FALSE(bare.contains(key)) << key;
  }
}

TEST_F(RunDocument, OnlyWhatCanBeBuiltIsCalledFaster) {
  const auto built = answer(question(1));
  EXPECT_THAT(run_text(built), testing::StartsWith("buildable: chip demo with tiny\n\n"));
  EXPECT_THAT(run_text(built), HasSubstr("chip faster"));
  auto unknown = built;
  unknown.verdict = {std::nullopt, {{study::ReasonKind::NoSilicon, "", 0, 0, "", "nothing is known"}}};
  for (const auto& asked : {answer(question(1), {"clock_mhz=9000"}), unknown}) {
    EXPECT_THAT(run_text(asked), testing::Not(HasSubstr("faster")));
    EXPECT_THAT(run_text(asked), HasSubstr("no speedup: demo is not buildable, or not known to be"));
  }
  EXPECT_THAT(run_text(unknown),
              testing::StartsWith("not known whether buildable: chip demo with tiny, for 1 reason\n"));
  EXPECT_TRUE(json::parse(run_json(unknown))["verdict"]["buildable"].is_null());
  EXPECT_FALSE(json::parse(run_json(unknown))["verdict"]["reasons"][0].contains("limit"));
}

}  // namespace
}  // namespace kiln::report
