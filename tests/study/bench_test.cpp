// How fast Kiln is: what follows from times, without any clock; and that all parts are measured in turn.
#include "kiln/study/bench.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "base/random.hpp"
#include "study/bench_lanes.hpp"
#include "study/bench_machine.hpp"
#include "study/bench_reads.hpp"
#include "study/bench_rounds.hpp"
#include "study/bytes_read.hpp"
#include "support/study_test.hpp"

namespace kiln::study {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

BenchMeasurement measured(std::uint64_t tokens, std::uint64_t bytes, std::vector<double> seconds) {
  BenchMeasurement measurement;
  measurement.name = "m";
  measurement.tokens = tokens;
  measurement.bytes = bytes;
  measurement.seconds = std::move(seconds);
  return measurement;
}

TEST(BenchFigures, TheBoundIsThePlainReadOverTheBytesOfAToken) {
  const auto read = measured(0, 1000, {0.5, 0.25});
  EXPECT_THAT(bound_tokens_per_s(read, 100), ElementsAre(20, 40));
}

TEST(BenchFigures, SharesAreRoundByRound) {
  const auto read = measured(0, 1000, {0.5, 0.25});  // 2,000 and 4,000 bytes a second
  const auto decode = measured(2, 200, {0.4, 0.1});  // 500 and 2,000
  EXPECT_THAT(shares(decode, read), ElementsAre(0.25, 0.5));
  EXPECT_THAT(per_second(decode, decode.tokens), ElementsAre(5, 20));
  EXPECT_THROW((void)shares(measured(2, 200, {1}), read), base::BugError);
}

BenchLane noted(const std::string& name, std::string& notes, double seconds = 1) {
  BenchLane lane;
  lane.measurement.name = name;
  lane.once = [name, &notes, seconds](BenchMeasurement&) -> base::Result<double> {
    notes += name;
    return seconds;
  };
  return lane;
}

TEST(BenchRounds, TakeTurnsAfterOneThatDoesNotCount) {
  std::string notes;
  std::vector<BenchLane> lanes = {noted("A", notes), noted("B", notes), noted("C", notes)};
  lanes[1].warms_up = false;
  std::vector<std::uint64_t> told;
  base::Progress progress;
  progress.report = [&](std::string_view, std::uint64_t done, std::uint64_t total) {
    told.push_back(done * 100 / total);
  };
  ASSERT_TRUE(take_turns(lanes, 3, progress).ok());
  EXPECT_EQ(notes, "ACABCABCABC");
  for (const auto& lane : lanes) EXPECT_THAT(lane.measurement.seconds, ElementsAre(1, 1, 1));
  EXPECT_TRUE(std::ranges::is_sorted(told));
  EXPECT_EQ(told.back(), 100U);
}

TEST(BenchRounds, EndWhereOneFailsOrTakesNoTimeOrIsInterrupted) {
  std::string notes;
  std::vector<BenchLane> lanes = {noted("A", notes), noted("B", notes)};
  lanes[1].once = [](BenchMeasurement&) -> base::Result<double> { return base::Error{"no such thing"}; };
  EXPECT_EQ(take_turns(lanes, 3, {}).error().message, "no such thing");
  EXPECT_EQ(notes, "A");
  lanes[1] = noted("B", notes, 0);
  EXPECT_THAT(take_turns(lanes, 3, {}).error().message, HasSubstr("B takes no time that could be measured"));
  std::stop_source stop;
  stop.request_stop();
  notes.clear();
  EXPECT_EQ(take_turns(lanes, 3, {{}, stop.get_token()}).error().message, "interrupted");
  EXPECT_EQ(notes, "");
}

TEST(BenchRounds, SecondsAreOfWhatGoesWell) {
  EXPECT_GE(*seconds_of([] { return base::Status(); }), 0);
  EXPECT_EQ(seconds_of([]() -> base::Status { return base::Error{"no"}; }).error().message, "no");
}

TEST(PlainRead, IsTheSumOfAllWordsForAnySizeAndNumberOfThreads) {
  base::Random random(3);
  std::vector<std::uint64_t> words((std::size_t{1} << 18) + 37);  // more than one piece, and a rest
  for (auto& word : words) word = random.next();
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{31}, words.size()}) {
    const auto expected = std::reduce(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(size));
    for (const std::size_t threads : {1, 3}) {
      base::ThreadPool pool(threads);
      EXPECT_EQ(plain_read(std::as_bytes(std::span(words).first(size)), pool), expected) << size;
    }
  }
}

TEST(Kernels, AreOfEveryCodeWidthAndVectorWidthAfterTheirRead) {
  base::ThreadPool pool(2);
  auto lanes = kernel_lanes({2, 1}, {"scalar"}, pool);
  ASSERT_EQ(lanes.size(), 6U);
  ASSERT_TRUE(take_turns(lanes, 1, {}).ok());
  EXPECT_EQ(lanes.front().measurement.bytes, std::uint64_t{2} << 20);
  std::vector<int> bits;
  for (std::size_t i = 1; i < lanes.size(); ++i) {
    const auto& kernel = lanes[i].measurement;
    bits.push_back(kernel.bits);
    EXPECT_EQ(kernel.bound, lanes.front().measurement.name);
    EXPECT_EQ(kernel.simd, "scalar");
    // At least nearly all of a window, and beside it a scale for 64 weights and one for a row.
    EXPECT_GT(kernel.bytes, (std::uint64_t{1} << 20) * 9 / 10);
    EXPECT_LT(kernel.bytes, (std::uint64_t{1} << 20) * 12 / 10);
  }
  EXPECT_THAT(bits, ElementsAre(2, 3, 4, 6, 8));
}

TEST(Machine, ValuesAreFoundByTheirWholeKey) {
  const std::string text = "processor\t: 0\nmodel name\t: A Processor: fast\nflags\t\t: avx2 fma\nempty\t:\n\n:x\n";
  EXPECT_EQ(value_in(text, "model name"), "A Processor: fast");
  EXPECT_EQ(value_in(text, "model"), "");
  EXPECT_EQ(value_in(text, "empty"), "");
  EXPECT_EQ(value_in("MemTotal:       24081484 kB\n", "MemTotal"), "24081484 kB");
}

TEST(Machine, WidthsAreThoseThatAllNeededFlagsAllow) {
  EXPECT_THAT(widths_of(""), ElementsAre("scalar"));
  EXPECT_THAT(widths_of("sse2 avx2"), ElementsAre("scalar"));
  EXPECT_THAT(widths_of("avx2 fma avx512bw avx512dq avx512vl avx512vbmi"), ElementsAre("scalar", "avx2"));
  EXPECT_THAT(widths_of("avx2 avx512bw avx512dq avx512vl avx512vbmi avx512_vnni fma"),
              ElementsAre("scalar", "avx2", "avx512"));
}

TEST(Machine, TheWidestIsWhatTheKernelsTakeUnlessToldOtherwise) {
  const char* wish = std::getenv("KILN_SIMD");
  const std::string kept = wish == nullptr ? "" : wish;
  ::unsetenv("KILN_SIMD");
  EXPECT_EQ(this_machine().widths.size(), static_cast<std::size_t>(numerics::best_simd()) + 1);
  if (wish != nullptr) ::setenv("KILN_SIMD", kept.c_str(), 1);
}

TEST(LlamaBench, OneTestIsRead) {
  const auto row = read_llama_bench(R"([{"build_commit": "ab12", "model_type": "llama 1B Q4_0", "model_size": 1000,
    "n_prompt": 0, "n_gen": 32, "avg_ts": 12.5, "samples_ts": [12.5]}])");
  ASSERT_TRUE(row.ok());
  EXPECT_EQ(row->new_tokens, 32U);
  EXPECT_EQ(row->prompt_tokens, 0U);
  EXPECT_EQ(row->tokens_per_s, 12.5);
  EXPECT_EQ(row->model_bytes, 1000U);
  EXPECT_EQ(row->model, "llama 1B Q4_0");
  EXPECT_EQ(row->build, "ab12");
}

TEST(LlamaBench, WhatIsNoTestIsRefusedInWords) {
  for (const char* text : {"", "{}", "[]", "[1]", "[{}, {}]", "load: failed\n[{\"avg_ts\": 1}]"})
    EXPECT_THAT(read_llama_bench(text).error().message, HasSubstr("no list of one test")) << text;
  for (const char* text : {R"([{"avg_ts": 10}])", R"([{"avg_ts": 10, "model_size": 18446744073709551615}])"})
    EXPECT_THAT(read_llama_bench(text).error().message, HasSubstr("no model_size")) << text;
  for (const char* text : {"[{\"avg_ts\": 1e-310}]", "[{\"avg_ts\": 1e308}]", "[{}]", "[{\"avg_ts\": 0}]",
                           "[{\"avg_ts\": \"fast\"}]", "[{\"avg_ts\": -1}]"})
    EXPECT_THAT(read_llama_bench(text).error().message, HasSubstr("no avg_ts, tokens a second")) << text;
}

class Bench : public test::StudyTest {
 protected:
  [[nodiscard]] BenchQuestion small() const {
    BenchQuestion question;
    question.model = tiny();
    question.chip = "demo";
    question.rounds = 2;
    question.new_tokens = 3;
    question.prompt_tokens = 4;
    question.context = 4;
    question.kernel_mib = 1;
    return question;
  }
  /// A program that says what llama-bench would, in tests of 3 new tokens or 4 of a prompt.
  [[nodiscard]] std::string fake(const std::string& body) const {
    const auto program = write("llama-bench", "#!/bin/sh\n" + body);
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    return program;
  }
};

// 64 wide, 96 in the middle, 4 heads of 16 and 2 of keys and values, 100 ids: in groups of 64 and panels of 16.
TEST_F(Bench, BytesOfATokenAreThoseOfAllMatricesAsStoredAndOfOneRowOfTheEmbedding) {
  const auto file = baked("w4");
  const auto image = rom::RomImage::open(file, environment_.pool());
  ASSERT_TRUE(image.ok());
  const auto matrix = [](std::uint64_t rows, std::uint64_t groups) {
    const std::uint64_t padded = (rows + 15) / 16 * 16;
    return padded * groups * (64 * 4 / 8 + 1) + rows * 4 + 16;
  };
  const std::uint64_t layer = matrix(64, 1) + 2 * matrix(32, 1) + matrix(64, 1) + 2 * matrix(96, 1) + matrix(64, 2);
  const std::uint64_t embedding = 64 * 4 / 8 + 1 + 4 + 16;
  EXPECT_EQ(bytes_read_per_token(*image), embedding + 2 * layer + matrix(100, 1));
  const std::uint64_t weights = 2 * 64 * 64 + 2 * 32 * 64 + 3 * 64 * 96;  // of a layer
  EXPECT_EQ(products_of(*image, 5, 1), 5 * 2 * weights + 100 * 64);
}

TEST_F(Bench, MeasuresEveryPartInEveryRound) {
  auto question = small();
  question.llama_bench = fake(R"(echo '[{"n_prompt": '"${10}"', "n_gen": '"${12}"', "avg_ts": 10, "model_size": 7}]')");
  question.llama_model = "any.gguf";
  const auto answer = bench(question, environment_);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  std::vector<std::string> names;
  for (const auto& m : answer->measurements) {
    if (m.name != "kernel" && m.name != kBenchRegisters) names.push_back(m.name);
    ASSERT_EQ(m.seconds.size(), 2U) << m.name;
    for (const double seconds : m.seconds) EXPECT_GT(seconds, 0) << m.name;
    EXPECT_TRUE(m.bound.empty() || answer->find(m.bound) != nullptr) << m.name;
  }
  EXPECT_THAT(names,
              ElementsAre("read_image", "decode", "decode_uncounted", "values_counted", "values", "llama_bench_decode",
                          "llama_bench_prefill", "prefill", "eval", "timing", "bake", "read_memory"));
  EXPECT_EQ(answer->find("read_image")->bytes, answer->image_bytes);
  for (const char* name : {"decode", "decode_uncounted", "values_counted", "values"}) {
    EXPECT_EQ(answer->find(name)->tokens, 3U) << name;
    EXPECT_EQ(answer->find(name)->bytes, 3 * answer->bytes_per_token) << name;
  }
  EXPECT_EQ(answer->find(kBenchRegisters) != nullptr, numerics::best_simd() != numerics::Simd::Scalar);
  EXPECT_EQ(answer->find("prefill")->tokens, 4U);
  EXPECT_EQ(answer->find("eval")->tokens, 4U);
  const auto* timing = answer->find("timing");
  EXPECT_EQ(timing->tokens, 48U);
  EXPECT_GT(timing->cycles, answer->find("decode")->cycles);
  EXPECT_GT(timing->kernel_events, answer->find("decode")->kernel_events);
  EXPECT_GT(answer->find("bake")->bytes, 0U);
  EXPECT_THAT(answer->find("llama_bench_decode")->seconds, ElementsAre(0.3, 0.3));
  ASSERT_EQ(answer->llama->ratios.size(), 3U);
  EXPECT_EQ(answer->llama->ratios[2].measurement, "prefill");
  for (std::size_t round = 0; round < 2; ++round)
    EXPECT_DOUBLE_EQ(answer->llama->ratios[0].rounds[round], 3 / answer->find("decode")->seconds[round] / 10);
}

TEST_F(Bench, TakesAnImageAndLeavesOutWhatIsNotWanted) {
  auto question = small();
  question.model = "";
  question.rom = baked("w4");
  question.only = {"timing", "prefill"};
  const auto answer = bench(question, environment_);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  std::vector<std::string> names;
  for (const auto& m : answer->measurements)
    if (m.name != kBenchRegisters) names.push_back(m.name);
  EXPECT_THAT(names, ElementsAre("read_image", "prefill", "timing"));
  EXPECT_EQ(answer->recipe.name, "w4");
}

TEST_F(Bench, GrowthIsOfShapesAndContextsAndOfTheImagesValues) {
  auto question = small();
  question.model = "";
  write("tiny.json", R"({"name": "tiny", "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1,
      "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 64, "vocab_size": 64,
      "max_position_embeddings": 300, "rms_norm_eps": 1e-5, "rope_theta": 10000, "rope_scaling": null,
      "tie_word_embeddings": false})");
  question.rom = baked("w4");
  question.only = {"timing"};
  question.rounds = 1;
  question.growth = true;
  const auto answer = bench(question, environment_);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  std::vector<std::pair<std::string, std::uint64_t>> grown;
  const BenchMeasurement* before = nullptr;
  for (const auto& m : answer->measurements) {
    if (m.name == "growth_values") {
      EXPECT_EQ(m.model, "tiny");
      EXPECT_EQ(m.context, 256U);
      EXPECT_EQ(m.bytes, m.tokens * answer->bytes_per_token);
    }
    if (m.name != "growth") continue;
    grown.emplace_back(m.model, m.context);
    EXPECT_EQ(m.tokens, 64U);
    // Keys and values grow with the context, and the events of a token do not.
    if (before != nullptr && before->model == m.model) {
      EXPECT_EQ(m.kv_bytes, 2 * before->kv_bytes);
      EXPECT_GT(m.cycles, before->cycles);
    }
    before = &m;
  }
  EXPECT_EQ(grown.size(), 24U);
  EXPECT_EQ(grown.front(), std::pair(std::string("llama-3.2-1b"), std::uint64_t{256}));
  EXPECT_EQ(grown.back(), std::pair(std::string("llama-3.1-70b"), std::uint64_t{8192}));
  EXPECT_NE(answer->find("growth_values"), nullptr);
}

TEST_F(Bench, AFailureOfLlamaBenchIsASentence) {
  auto question = small();
  question.only = {"timing"};
  question.llama_model = "any.gguf";
  const auto says = [&](const std::string& body) {
    question.llama_bench = fake(body);
    return refusal(bench(question, environment_));
  };
  EXPECT_THAT(says("echo 'error: no such model' >&2; exit 3"),
              testing::AllOf(HasSubstr("--llama-bench: "), HasSubstr("ended with status 3: error: no such model")));
  EXPECT_THAT(says("kill -9 $$"), HasSubstr("was ended by signal 9"));
  EXPECT_THAT(says("echo no json"), HasSubstr("no list of one test"));
  EXPECT_THAT(says(R"(echo '[{"n_prompt": 0, "n_gen": 99, "avg_ts": 10, "model_size": 7}]')"),
              HasSubstr("measured 0 prompt tokens and 99 new ones; 3 new ones were asked for"));
  question.llama_bench = path("nothing");
  EXPECT_THAT(refusal(bench(question, environment_)), HasSubstr("nothing: cannot be started"));
}

TEST_F(Bench, RefusesWhatCannotBeMeasured) {
  const auto why = [&](auto change) {
    auto question = small();
    change(question);
    return refusal(bench(question, environment_));
  };
  EXPECT_EQ(why([](auto& q) { q.rounds = 0; }), "--rounds is 0; 1 to 1000 is expected");
  EXPECT_EQ(why([](auto& q) { q.new_tokens = 1; }), "-n is 1; 2 to 1048576 is expected");
  EXPECT_EQ(why([](auto& q) { q.context = 3; }), "--context is 3; 4 to 1048576 is expected");
  EXPECT_EQ(why([](auto& q) { q.kernel_mib = 1U << 20; }), "--kernel-mib is 1048576; 0 to 65536 is expected");
  EXPECT_EQ(why([](auto& q) { q.only = {"decod"}; }),
            "--only decod: one of kernels, decode, timing, prefill, eval, bake is expected");
  EXPECT_EQ(why([](auto& q) { q.llama_bench = "x"; }), "--llama-bench and --llama-model are expected together");
  EXPECT_THAT(why([](auto& q) { q.new_tokens = 1U << 20; }), HasSubstr("the KV cache of chip demo holds "));
  const auto without_source = [](auto& q) {
    q.rom = "x.rom";
    q.model = "";
  };
  EXPECT_THAT(why([&](auto& q) { without_source(q), q.recipe = "w4"; }), HasSubstr("nothing is baked"));
  EXPECT_THAT(why([&](auto& q) { without_source(q), q.only = {"bake"}; }), HasSubstr("give --model P"));
}

TEST(BenchKernels, LeaveHalfOfTheMemory) {
  EXPECT_TRUE(fits_memory({512, 64}, std::uint64_t{1} << 30).ok());
  EXPECT_EQ(fits_memory({513, 64}, std::uint64_t{1} << 30).error().message,
            "--kernel-mib is 513; at most half of this machine's memory of 1024 MiB is expected");
  EXPECT_TRUE(fits_memory({65536, 64}, 0).ok()) << "a system that does not say how much it has";
}

TEST_F(Bench, EndsWhenInterruptedAndTellsProgressOfTheWholeAfterwards) {
  std::stop_source stop;
  stop.request_stop();
  environment_.progress.stop = stop.get_token();
  int told = 0;
  environment_.progress.report = [&](auto...) { ++told; };
  EXPECT_EQ(refusal(bench(small(), environment_)), "interrupted");
  const int before = told;
  environment_.progress("x", 0, 1);
  EXPECT_EQ(told, before + 1);
}

}  // namespace
}  // namespace kiln::study
