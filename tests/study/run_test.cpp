// The question of `kiln run`, in the process.
#include "kiln/study/run.hpp"

#include <fstream>
#include <iterator>
#include <numeric>

#include "support/study_test.hpp"

namespace kiln::study {
namespace {

using testing::HasSubstr;

class RunStudy : public test::StudyTest {
 protected:
  [[nodiscard]] RunQuestion question(std::uint64_t prompt, std::uint64_t answer) {
    RunQuestion question;
    question.rom = rom_.empty() ? rom_ = baked("w4") : rom_;
    question.chip = "demo";
    question.prompt_tokens = prompt;
    question.new_tokens = answer;
    return question;
  }
  [[nodiscard]] static RunAnswer must(base::Result<RunAnswer> answer) {
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_FALSE(answer->mismatch()) << *answer->mismatch();
    return *std::move(answer);
  }
  [[nodiscard]] static RunAnswer on(const RunQuestion& question, std::vector<config::Override> chip) {
    auto environment = with("chip", std::move(chip));
    return must(run(question, environment));
  }

 private:
  std::string rom_;
};

std::vector<std::vector<base::TokenId>> answers(const RunAnswer& answer) {
  std::vector<std::vector<base::TokenId>> ids;
  for (const auto& user : answer.result.chip.users) ids.push_back(user.answer);
  return ids;
}

TEST_F(RunStudy, LinksSystemC) {
  // That what tests/study/evaluate does not find is found where it is.
  std::ifstream file("/proc/self/maps");
  EXPECT_THAT((std::string{std::istreambuf_iterator<char>(file), {}}), HasSubstr("systemc"));
}

TEST_F(RunStudy, AnAnswerOutlivesWhatItWasAskedOf) {
  std::optional<RunAnswer> answer;
  {
    auto environment = with("chip", {"clock_mhz=500"});
    answer = must(run(question(4, 3), environment));
  }
  std::filesystem::remove_all(folder_);
  EXPECT_EQ(answer->placement.chip().clock_mhz, 500U);
  EXPECT_EQ(answer->placement.model().name, "tiny");
  EXPECT_EQ(answer->recipe.name, "w4");
  EXPECT_EQ(answer->rom_hash->size(), 32U);
  EXPECT_EQ(answer->token_ids.size(), 3U);
  EXPECT_EQ(answer->prompt_tokens, 4U);
  EXPECT_GT(*answer->result.speed.tokens_per_s_user, 0);
  ASSERT_TRUE(answer->cost);
  EXPECT_GT(answer->cost->energy.mj_per_token.typical, 0);
  ASSERT_TRUE(answer->cost->toggles);  // it computed values
  EXPECT_GE(answer->baseline.figures.size(), 6U);
  EXPECT_EQ(answer->batch_register.front().tokens, 2U);
  EXPECT_GT(answer->kv.capacity, answer->kv.per_token);
  EXPECT_FALSE(answer->host.simd.empty());
}

TEST_F(RunStudy, TilesOfEveryMicroarchitectureGiveTheSameTokens) {
  auto by_tile = question(5, 6);
  by_tile.by_tile = true;
  const auto demo = on(question(5, 6), {});
  const auto select = on(by_tile, {});
  by_tile.chip = "demo-bit-serial";
  const auto serial = on(by_tile, {});
  by_tile.chip = "demo-rom-mac";
  const auto mac = on(by_tile, {});
  by_tile.chip = "demo";
  const auto mixed = on(by_tile, {"tiles.down.microarchitecture=bit_serial", "tiles.lm_head.microarchitecture=rom_mac",
                                  "tiles.lm_head.rom_mac.mac_lanes=64"});
  for (const auto* run : {&select, &serial, &mac, &mixed}) {
    EXPECT_EQ(run->token_ids, demo.token_ids);
    EXPECT_NE(run->result.chip.activity.group_scales, 0U);
  }
  const auto& counted = demo.result.chip.activity;
  EXPECT_EQ(select.result.chip.activity, counted);
  EXPECT_EQ(mac.result.chip.activity.multiply_accumulates, counted.selections);
  EXPECT_EQ(serial.result.chip.activity.counted_bits, 8 * counted.selections);
  EXPECT_EQ(counted.multiply_accumulates, 0U);
  EXPECT_LT(serial.result.chip.total, demo.result.chip.total);  // eight cycles a group instead of 64
  EXPECT_GT(mac.result.chip.total, demo.result.chip.total);     // four cycles an input
}

TEST_F(RunStudy, UsersGetTheSameAnswersOnAnyScheduleAndWhateverElseRuns) {
  auto users = question(5, 6);
  users.users = 3;
  const config::Override slots = "sequencer.slots=4";
  const auto serial = on(users, {slots});
  const auto pipelined = on(users, {slots, "schedule=layer_pipelined", "sequencer.turn=decode_first"});
  const auto chips = on(users, {slots, "chips.count=2"});
  ASSERT_EQ(answers(serial).size(), 3U);
  EXPECT_NE(answers(serial)[0], answers(serial)[1]);  // each has its own prompt
  EXPECT_EQ(host::answer_tokens(serial.result.chip), 18U);
  EXPECT_EQ(serial.prompt_tokens, 15U);
  for (const auto* run : {&serial, &pipelined, &chips}) {
    EXPECT_EQ(answers(*run), answers(serial));
    EXPECT_EQ(run->result.chip.most_kv_tokens, 3U * 10U);
    for (const auto& unit : run->result.chip.by_unit) {
      base::Cycles sum;
      for (const auto part : unit.by_category) sum += part;
      EXPECT_EQ(sum, run->result.chip.total) << unit.name();
    }
  }
  EXPECT_LT(pipelined.result.chip.total, serial.result.chip.total);
  EXPECT_GT(pipelined.result.chip.by_stage.size(), chips.result.chip.by_stage.size());
  EXPECT_EQ(chips.placement.dataflow().stages()[1].chip, 1U);
  users.timing_only = true;
  EXPECT_TRUE(answers(on(users, {slots}))[0].empty());
}

TEST_F(RunStudy, DrawsDependOnTheSeedAlone) {
  auto drawn = question(5, 6);
  drawn.users = 3;
  drawn.sampling = {1.5, 8, 5};
  const auto first = on(drawn, {});
  drawn.sampling.top_k = std::nullopt;  // as many as the chip keeps: eight
  EXPECT_EQ(answers(on(drawn, {"schedule=layer_pipelined"})), answers(first));
  EXPECT_EQ(first.sampling.top_k, 8U);
  drawn.sampling.seed = 6;
  EXPECT_NE(answers(on(drawn, {})), answers(first));
}

TEST_F(RunStudy, AWorkloadsRequestsAreAnsweredAndMeasured) {
  auto load = question(0, 128);
  load.prompt_tokens = std::nullopt;
  load.workload = write("w.jsonl",
                        "{\"arrival_us\": 0, \"prompt_tokens\": 5, \"answer_tokens\": 4}\n"
                        "{\"arrival_us\": 2.5, \"prompt_tokens\": 3, \"answer_tokens\": 6}\n"
                        "{\"arrival_us\": 9000, \"prompt_tokens\": 3, \"answer_tokens\": 1}\n");
  for (const std::string schedule : {"layer_serial", "layer_pipelined"}) {
    const auto run = on(load, {"schedule=" + schedule});
    ASSERT_TRUE(run.workload);
    EXPECT_EQ(run.workload->finished, 3U);
    EXPECT_EQ(run.workload->refused, 0U);
    EXPECT_EQ(run.workload->ttft_us.count, 3U);
    EXPECT_EQ(run.workload->time_per_token_us.count, 2U);
    EXPECT_EQ(run.workload->over_time.size(), 50U);
    ASSERT_GT(run.baseline_under_load.size(), 5U);
    EXPECT_EQ(run.baseline_under_load[0].ttft_us.count, 3U);
    EXPECT_GT(run.baseline_under_load[0].ttft_us.p50, run.workload->ttft_us.p50);
    EXPECT_EQ(run.result.chip.users[1].answer_tokens, 6U);
    EXPECT_GE(run.result.chip.users[2].prompt_arrival.count(), 9000U * run.placement.chip().clock_mhz);
  }
  load.workload = write("bad.jsonl", "{\"arrival_us\": 0}\n");
  EXPECT_THAT(refusal(run(load, environment_)), HasSubstr("bad.jsonl: line 1"));
}

TEST_F(RunStudy, FunctionalAndTimingOnlyRunsHaveTheSameCycles) {
  const auto functional = on(question(5, 6), {});
  auto timing = question(5, 6), beats = timing, tiles = timing;
  timing.timing_only = true;
  beats.transfer_mode = chip::TransferMode::Beats;
  tiles.by_tile = true;
  for (const auto* other : {&timing, &beats, &tiles}) {
    const auto run = on(*other, {});
    EXPECT_EQ(run.result.chip.total, functional.result.chip.total);
    EXPECT_EQ(run.result.chip.by_unit, functional.result.chip.by_unit);
    EXPECT_EQ(run.result.chip.critical_path, functional.result.chip.critical_path);
    if (!run.timing_only) {
      EXPECT_EQ(run.token_ids, functional.token_ids);
    }
  }
  EXPECT_EQ(functional.token_ids.size(), 6U);
}

TEST_F(RunStudy, AFullCacheEndsTheAnswerAndWarnsWhereNothingElseSaysSo) {
  // 16 words a token: 2 KV heads x 2 words, keys and values, a word after. 16 banks of 10 words hold 20 tokens.
  const std::vector<config::Override> small = {"kv.banks=16", "kv.depth_words=10", "kv.width_bytes=8",
                                               "kv.row_pad_words=0"};
  auto timing = question(4, 100);
  timing.timing_only = true;
  const auto run = on(timing, small);
  const auto capacity = run.placement.kv().capacity_tokens;
  EXPECT_EQ(run.result.chip.users[0].finish, chip::Finish::KvFull);
  const auto not_buildable = AllOf(testing::StartsWith("chip demo is not buildable: "),
                                   HasSubstr("the KV cache holds 20 tokens, the lengths asked for need 103"));
  EXPECT_EQ(capacity, 20U);
  EXPECT_THAT(run.warnings, testing::ElementsAre(HasSubstr("is full at 20 tokens"), not_buildable));
  EXPECT_THAT(on(question(4, 100), small).warnings, testing::ElementsAre(not_buildable));
  auto environment = with("chip", small);
  EXPECT_THAT(refusal(study::run(question(capacity + 1, 1), environment)),
              HasSubstr("holds " + std::to_string(capacity)));
}

TEST_F(RunStudy, AContextBeyondTheModelsIsWarnedOfBeforeTheRun) {
  auto long_run = question(120, 10);
  long_run.timing_only = true;
  long_run.on_start = [&](const program::Placement&) { EXPECT_EQ(warned_.size(), 1U); };
  const auto answer = must(run(long_run, environment_));
  EXPECT_THAT(answer.warnings, testing::ElementsAre("130 tokens are more than the 128 that tiny declares"));
}

TEST_F(RunStudy, SpansAreToldAfterTheStart) {
  auto traced = question(3, 2);
  std::size_t starts = 0, spans = 0;
  traced.on_start = [&](const program::Placement& placement) {
    EXPECT_EQ(placement.model().name, "tiny");
    EXPECT_EQ(spans, 0U);
    ++starts;
  };
  traced.on_span = [&](const chip::TraceSpan&) { ++spans; };
  (void)must(run(traced, environment_));
  EXPECT_EQ(starts, 1U);
  EXPECT_GT(spans, 100U);
}

TEST_F(RunStudy, ProgressIsToldAndAStopEndsIt) {
  std::uint64_t told = 0;
  std::stop_source stop;
  environment_.progress.report = [&](std::string_view what, std::uint64_t done, std::uint64_t) {
    if (what != "running") return;
    told = done;
    if (done > 0) stop.request_stop();
  };
  environment_.progress.stop = stop.get_token();
  auto endless = question(4, 120);
  endless.timing_only = true;
  EXPECT_THAT(refusal(run(endless, environment_)), HasSubstr("interrupted"));
  EXPECT_GT(told, 0U);
}

TEST_F(RunStudy, RefusesWhatHasNoAnswer) {
  const auto refused = [&](auto change) {
    auto bad = question(5, 6);
    change(bad);
    return refusal(run(bad, environment_));
  };
  EXPECT_THAT(refusal(run({}, environment_)), HasSubstr("one of --rom X.rom and --model M is expected"));
  EXPECT_THAT(refused([](auto& q) { q.users = 0; }), HasSubstr("--users is 0"));
  EXPECT_THAT(refused([](auto& q) { q.new_tokens = 0; }), HasSubstr("-n is 0"));
  EXPECT_THAT(refused([](auto& q) { q.prompt = "x"; }), HasSubstr("exclude each other"));
  EXPECT_THAT(refused([](auto& q) { q.prompt_tokens = std::nullopt; }), HasSubstr("no prompt"));
  EXPECT_THAT(refused([](auto& q) { q.workload = "w"; }), HasSubstr("--workload says who asks what"));
  EXPECT_THAT(refused([](auto& q) { q.chip = "dem"; }), HasSubstr("\"dem\""));
  EXPECT_THAT(refused([](auto& q) { q.sampling.temperature = 3; }),
              HasSubstr("the temperature is 3, chip demo takes 0 to 2"));
  EXPECT_THAT(refused([](auto& q) { q.sampling.top_k = std::uint64_t{1} << 40; }), HasSubstr("--top-k is above"));
  EXPECT_THAT(refused([](auto& q) {
                q.rtl = true;
                q.users = 2;
              }),
              HasSubstr("--rtl runs one user"));
  EXPECT_THAT(refused([](auto& q) {
                q.prompt_tokens = std::nullopt;
                q.prompt = "";
              }),
              HasSubstr("the prompt is empty"));
  EXPECT_THAT(refused([](auto& q) {
                q.prompt_tokens = std::nullopt;
                q.prompt = "x";
              }),
              HasSubstr("holds no tokenizer"));
}

}  // namespace
}  // namespace kiln::study
