// The command line from outside: exit statuses, sentences, files that appear or do not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/kiln_test.hpp"

namespace kiln {
namespace {

using nlohmann::json;
using test::Outcome;
using testing::HasSubstr;
namespace fs = std::filesystem;

const std::string kModel = KILN_SOURCE_DIR "/models/kiln-stories-1m";

/// Characters, not bytes.
std::ptrdiff_t columns_of(const std::string& line) {
  return std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

void expect_a_hundred_columns(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(columns_of(line), 100) << line;
}

/// With a tiny model's shapes in the folder.
class Cli : public test::KilnTest {
 protected:
  void SetUp() override {
    KilnTest::SetUp();
    write("tiny.json", R"({"name": "tiny", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
      "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 100,
      "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "rope_theta": 10000, "rope_scaling": null,
      "tie_word_embeddings": false})");
  }
  [[nodiscard]] std::string tiny() const { return "synthetic:" + path("tiny.json") + ":7"; }
  [[nodiscard]] std::string baked(const std::string& recipe = "w4") const {
    const auto rom = path(recipe + ".rom");
    const auto outcome = kiln({"bake", tiny(), "-o", rom, "--recipe", recipe});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return rom;
  }
  /// One sentence on standard error, status 2, nothing printed and nothing written.
  void expect_refused(const std::vector<std::string>& arguments, const std::string& part) const {
    const auto before = listing();
    const auto outcome = kiln(arguments);
    EXPECT_EQ(outcome.status, 2) << outcome.out << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, testing::StartsWith("kiln: error: "));
    EXPECT_THAT(outcome.err, HasSubstr(part));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_EQ(listing(), before);
  }
  [[nodiscard]] std::vector<std::string> listing() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
};

TEST_F(Cli, HelpOfEveryCommandHasExamples) {
  EXPECT_THAT(kiln({"--help"}).out, HasSubstr("Examples:"));
  for (const auto* command : {"bake", "inspect", "run", "chat", "eval", "baseline", "cost", "rtl"}) {
    const auto outcome = kiln({command, "--help"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.out, HasSubstr("Examples:")) << command;
    EXPECT_THAT(outcome.out, HasSubstr("--json")) << command;
  }
}

TEST_F(Cli, BadUsageIsOneSentenceAndStatusTwo) {
  expect_refused({}, "subcommand");
  expect_refused({"fly"}, "fly");
  expect_refused({"run", "--chip", "demo"}, "one of --rom X.rom and --model M is expected");
  expect_refused({"run", "--model", "stories260k"}, "--chip is required");
  expect_refused({"run", "--model", "stories260k", "--chip", "demo"}, "no prompt");
  expect_refused({"run", "--model", "stories260k", "--chip", "demo", "--prompt", "x"}, "--prompt needs a tokenizer");
  expect_refused({"run", "--model", "stories260k", "--chip", "demo", "--prompt-tokens", "0"}, "at least 1");
  expect_refused({"run", "--model", "stories260k", "--chip", "demo", "--prompt-tokens", "1", "-n", "0"},
                 "at least 1 answer");
  expect_refused({"run", "--model", "stories260k", "--chip", "demo", "--unknown"}, "--unknown");
  expect_refused({"eval", "--tokens", "x"}, "--rom X.rom, --checkpoint P or both");
  expect_refused({"eval", "--checkpoint", kModel}, "one of --text F and --tokens F");
}

TEST_F(Cli, UnknownConfigsNameTheNearest) {
  expect_refused({"run", "--model", "lama-3.1-8b", "--chip", "demo", "--prompt-tokens", "1"}, "llama-3.1-8b");
  expect_refused({"run", "--model", "llama-3.1-8b", "--chip", "hc2", "--prompt-tokens", "1"}, "hc1");
  expect_refused({"baseline", "--model", "llama-3.1-8b", "--gpu", "h100-smx"}, "h100-sxm");
}

TEST_F(Cli, SetIsCheckedLikeTheFile) {
  const std::vector<std::string> run = {"run", "--model", "stories260k", "--chip", "demo", "--prompt-tokens", "1",
                                        "-n",  "2"};
  const auto with = [&](const std::string& set) {
    auto arguments = run;
    arguments.insert(arguments.end(), {"--set", set});
    return arguments;
  };
  expect_refused(with("kv.bnaks=64"), "/kv/banks");
  expect_refused(with("kv.banks=0"), "/kv/banks");
  expect_refused(with("kv.banks=many"), "/kv/banks");
  expect_refused(with("kv.banks"), "POINTER=VALUE");
  expect_refused({"eval", "--checkpoint", kModel, "--tokens", "x", "--set", "chip:kv.banks=1"}, "takes no chip config");
  auto arguments = with("kv.banks=8");
  arguments.insert(arguments.end(),
                   {"--set", "clock_mhz=123", "--set", "model:/max_position_embeddings=99", "--json", "-"});
  const auto outcome = kiln(arguments);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto result = json::parse(outcome.out);
  EXPECT_EQ(result["chip"]["kv"]["banks"], 8);
  EXPECT_EQ(result["clock_mhz"], 123);
  EXPECT_EQ(result["model"]["max_position_embeddings"], 99);
}

TEST_F(Cli, BakesInspectsAndProvesAnImage) {
  const auto rom = baked("w3w6");
  const auto inspected = kiln({"inspect", rom, "--chip", "demo", "--against", tiny(), "--json", "-"});
  ASSERT_EQ(inspected.status, 0) << inspected.err;
  const auto result = json::parse(inspected.out);
  EXPECT_TRUE(result["comparison"]["matches"]);
  EXPECT_EQ(result["tile_arrays"].size(), 5U);
  EXPECT_EQ(result["provenance"]["method"], 1);
  EXPECT_EQ(result["provenance"]["tensors"].size(), 21U);
  EXPECT_EQ(result["provenance"]["tensors"][11]["tensor"], "final_norm");
  EXPECT_EQ(result["provenance"]["tensors"][11]["hash"].get<std::string>().size(), 32U);
  EXPECT_GT(result["bits_per_weight"], 3.0);
  const auto other = kiln({"inspect", rom, "--against", "synthetic:" + path("tiny.json") + ":8"});
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.out, HasSubstr("does NOT hold"));
  EXPECT_THAT(other.out, HasSubstr("another tensor: embedding: its hash is "));
  EXPECT_THAT(other.out, HasSubstr("another tensor: 17 more"));
}

TEST_F(Cli, AnImageIsProvedToTheByte) {
  const auto rom = baked("w3w6");
  const std::vector<std::string> against = {"inspect", rom, "--against", tiny()};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), against.begin(), against.end());
    return more;
  };
  const auto result = json::parse(kiln(with({"--rebake", "--recipe", "w3w6", "--json", "-"})).out)["comparison"];
  EXPECT_TRUE(result["matches"]);
  EXPECT_EQ(result["tensor_hashes"], (json{{"recorded", true}, {"checked", 21}, {"differing", json::array()}}));
  EXPECT_EQ(result["codes"], (json{{"matrices_checked", 16}, {"differing", json::array()}}));
  EXPECT_EQ(result["rebake"], (json{{"equal", true}, {"difference", ""}}));
  EXPECT_THAT(kiln(with({"--rebake"})).out, HasSubstr("every byte is as baking again writes it\nthe image holds"));
  const auto recipe = kiln(with({"--recipe", "w4"}));
  EXPECT_EQ(recipe.status, 1);
  EXPECT_THAT(recipe.out, HasSubstr("embedding has 6 bits (uniform), asked for are 4 (kmeans); q has 3\n"));
  expect_refused({"inspect", rom, "--rebake"}, "--rebake and --recipe have no effect without --against");
  expect_refused({"inspect", rom, "--recipe", "w4"}, "--rebake and --recipe have no effect without --against");
  expect_refused(with({"--set", "recipe:name=x"}), "no --recipe is given");
}

/// A folder, its name, threads and vector width are no part of an image.
TEST_F(Cli, ABakeIsTheSameWhereverItIsDone) {
  const auto elsewhere = path("else where");
  std::filesystem::copy(kModel, elsewhere);
  ASSERT_EQ(kiln({"bake", kModel, "-o", path("a.rom"), "--recipe", "w2"}).status, 0);
  ::setenv("KILN_SIMD", "scalar", 1);
  ASSERT_EQ(kiln({"bake", elsewhere, "-o", path("b.rom"), "--recipe", "w2", "--threads", "1"}).status, 0);
  ::setenv("KILN_SIMD", "avx2", 1);
  const auto proved = kiln({"inspect", path("b.rom"), "--against", kModel, "--rebake", "--threads", "3"});
  ::unsetenv("KILN_SIMD");
  EXPECT_EQ(proved.status, 0) << proved.out;
  EXPECT_EQ(test::slurp(path("a.rom")) == test::slurp(path("b.rom")), true);
}

TEST_F(Cli, WithoutARecipeABakeIsW3W6) {
  ASSERT_EQ(kiln({"bake", tiny(), "-o", path("x.rom"), "--json", path("x.json")}).status, 0);
  EXPECT_EQ(json::parse(test::slurp(path("x.json")))["recipe"]["name"], "w3w6");
}

TEST_F(Cli, AFailedBakeLeavesWhatWasThere) {
  write("old.rom", "precious");
  expect_refused({"bake", path("nothing"), "-o", path("old.rom")}, "nothing");
  EXPECT_EQ(test::slurp(path("old.rom")), "precious");
  expect_refused({"bake", tiny(), "-o", path("no/such/folder.rom")}, "no/such/folder.rom");
}

TEST_F(Cli, AnyFlippedByteOfAnImageIsRefused) {
  const auto rom = baked();
  const auto bytes = test::slurp(rom);
  for (std::size_t at = 0; at < bytes.size(); at += bytes.size() / 23) {
    auto damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    write("damaged.rom", damaged);
    expect_refused({"run", "--rom", path("damaged.rom"), "--chip", "demo", "--prompt-tokens", "2", "-n", "1"},
                   "damaged.rom");
  }
}

TEST_F(Cli, TheSameInputsGiveTheSameBytes) {
  const auto document = [&](const std::vector<std::string>& more) {
    std::vector<std::string> run = {"run", "--rom", path("w4.rom"), "--chip", "demo", "--prompt-tokens", "9",
                                    "-n",  "5",     "--json",       "-"};
    run.insert(run.end(), more.begin(), more.end());
    auto result = nlohmann::ordered_json::parse(kiln(run).out);
    result.erase("host");
    return result.dump();
  };
  (void)baked();
  const auto first = document({"--threads", "1"});
  EXPECT_EQ(document({"--threads", "1"}), first);
  EXPECT_EQ(document({"--threads", "2"}), first);
  ::setenv("KILN_SIMD", "scalar", 1);
  EXPECT_EQ(document({"--threads", "2"}), first);
  ::unsetenv("KILN_SIMD");
}

TEST_F(Cli, RunReportsWhatTheContractNames) {
  const auto rom = baked();
  const auto outcome =
      kiln({"run", "--rom", rom, "--chip", "demo", "--prompt-tokens", "4", "-n", "3", "--json", path("run.json")});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("closed form agrees"));
  EXPECT_THAT(outcome.out, testing::EndsWith("\nwrote " + path("run.json") + "\n"));
  const auto result = json::parse(test::slurp(path("run.json")));
  for (const auto* key : {"schema_version",
                          "version",
                          "git_revision",
                          "rom_hash",
                          "chip",
                          "chip_config_hash",
                          "seed",
                          "text",
                          "token_ids",
                          "prompt_tokens",
                          "generated_tokens",
                          "cycles_total",
                          "cycles_per_token",
                          "clock_mhz",
                          "tokens_per_s_user",
                          "tokens_per_s_total",
                          "ttft_us",
                          "cycles_by_unit",
                          "cycles_by_cause",
                          "critical_path",
                          "utilisation",
                          "kv",
                          "baseline",
                          "host"})
    EXPECT_TRUE(result.contains(key)) << key;
  for (const auto* key : {"wall_s", "simulated_cycles_per_s", "tokens_per_s", "kernel_events", "peak_memory_mib"})
    EXPECT_TRUE(result["host"].contains(key)) << key;
  const std::uint64_t total = result["cycles_total"];
  for (const auto& [unit, causes] : result["cycles_by_unit"].items()) {
    std::uint64_t sum = 0;
    for (const auto& cycles : causes) sum += cycles.get<std::uint64_t>();
    EXPECT_EQ(sum, total) << unit;
  }
  for (const auto* key : {"critical_path", "cycles_by_cause"}) {
    std::uint64_t sum = 0;
    for (const auto& cycles : result[key]) sum += cycles.get<std::uint64_t>();
    EXPECT_EQ(sum, total) << key;
  }
  EXPECT_EQ(test::slurp(path("run.json")).find("nan"), std::string::npos);
  EXPECT_GE(result["baseline"].size(), 6U);
  for (const auto& entry : result["baseline"]) {
    for (const auto* key : {"gpu", "precision", "engine", "tokens_per_s_user", "speedup"})
      EXPECT_TRUE(entry.contains(key)) << key;
  }
}

TEST_F(Cli, BaselineIsABandOrTheEngineAskedFor) {
  const auto of = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"baseline", "--model", "llama-3.1-8b", "--gpu", "h200", "--json", "-"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto outcome = kiln(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return nlohmann::json::parse(outcome.out);
  };
  const auto band = of({});
  ASSERT_EQ(band["baseline"].size(), 3U);
  EXPECT_EQ(band["baseline"][0]["engine"], "median of serving engines");
  EXPECT_EQ(band["baseline"][1]["best_serving_engine"], true);
  EXPECT_GT(band["baseline"][1]["tokens_per_s_user"], band["baseline"][0]["tokens_per_s_user"]);
  EXPECT_EQ(band["baseline"][2]["engine"], "best case");
  EXPECT_EQ(band["baseline"][2]["best_case"], true);
  EXPECT_GT(band["baseline"][2]["tokens_per_s_user"], band["baseline"][1]["tokens_per_s_user"]);
  EXPECT_FALSE(band["baseline"][2].contains("error_mean_percent"));
  EXPECT_FALSE(band.contains("machines"));
  for (const auto* key : {"error_mean_percent", "error_p90_percent", "error_rows", "data_dates", "energy_j_per_token"})
    EXPECT_TRUE(band["baseline"][0].contains(key)) << key;
  for (const auto* engine : {"vllm", "trt-llm", "sglang", "gpt-fast", "lmdeploy", "mlc", "exllama", "llama.cpp"}) {
    const auto one = of({"--engine", engine});
    ASSERT_EQ(one["baseline"].size(), 1U);
    EXPECT_EQ(one["baseline"][0]["engine"], engine);
  }
  EXPECT_EQ(of({"--tp", "4"})["baseline"][0]["gpus"], 4);
  const auto machines = of({"--machines"})["machines"];
  ASSERT_GE(machines.size(), 7U);
  for (const auto* key :
       {"machine", "description", "model", "tokens_per_s_user_low", "tokens_per_s_user_high", "tag", "date", "source"})
    EXPECT_TRUE(machines[0].contains(key)) << key;
}

TEST_F(Cli, TablesFitAHundredColumns) {
  const auto rom = baked();
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"run", "--rom", rom, "--chip", "demo", "--prompt-tokens", "4", "-n", "3"},
           {"run", "--model", "llama-3.1-8b", "--chip", "hc1", "--prompt-tokens", "2", "-n", "2"},
           {"inspect", rom, "--chip", "demo", "--against", tiny()},
           {"inspect", kModel},
           {"run", "--model", "llama-3.1-8b", "--chip", "hc1", "--prompt-tokens", "2", "-n", "2", "--gpu", "all",
            "--units", "all"},
           {"baseline", "--model", "llama-3.1-8b", "--machines"},
           {"baseline", "--model", "llama-3.1-8b", "--gpu", "all", "--engine", "trt-llm"},
           {"baseline", "--model", "llama-3.1-70b", "--tp", "64", "--batch", "999", "--context", "99999"}}) {
    const auto outcome = kiln(arguments);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    expect_a_hundred_columns(outcome.out);
  }
  for (const std::vector<std::string>& more : {std::vector<std::string>{"--recipe", "w8"}, {"--rebake"}}) {
    std::vector<std::string> arguments = {"inspect", rom, "--against", "synthetic:" + path("tiny.json") + ":8"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto outcome = kiln(arguments);
    ASSERT_EQ(outcome.status, 1) << outcome.err;
    expect_a_hundred_columns(outcome.out);
  }
}

TEST_F(Cli, PromptsThatDoNotFitAreRefusedAndFullCachesEndTheAnswer) {
  const auto rom = path("stories.rom");
  ASSERT_EQ(kiln({"bake", kModel, "-o", rom, "--recipe", "w8"}).status, 0);
  expect_refused({"run", "--rom", rom, "--chip", "demo", "--prompt", ""}, "the prompt is empty");
  expect_refused({"run", "--rom", rom, "--chip", "demo", "--prompt", "a\xFF"}, "UTF-8");
  // 16 words a token: 2 KV heads x 4 words, keys and values. 16 banks of 10 words hold 10 tokens.
  const std::vector<std::string> small = {"--set", "kv.banks=16",      "--set", "kv.depth_words=10",
                                          "--set", "kv.width_bytes=8", "--set", "kv.row_pad_words=0"};
  std::vector<std::string> run = {"run", "--rom", rom, "--chip", "demo", "--prompt-tokens", "11"};
  run.insert(run.end(), small.begin(), small.end());
  expect_refused(run, "holds 10");
  run[6] = "4";
  run.insert(run.end(), {"-n", "100", "--json", "-"});
  const auto outcome = kiln(run);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto result = json::parse(outcome.out);
  if (result["finish"] != "end_of_text") {
    EXPECT_EQ(result["finish"], "kv_full");
    EXPECT_EQ(result["generated_tokens"], 7);
  }
}

TEST_F(Cli, EvalWritesLogitsOfEveryPosition) {
  const auto rom = baked("w8");
  std::string ids;
  for (int i = 0; i < 64; ++i) ids += std::to_string(i * 7 % 100) + (i % 8 == 7 ? "\n" : " ");
  write("ids.txt", ids);
  const auto outcome = kiln({"eval", "--rom", rom, "--checkpoint", tiny(), "--tokens", path("ids.txt"), "--context",
                             "32", "--logits", path("logits.f32"), "--json", "-"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto result = json::parse(outcome.out);
  EXPECT_EQ(result["chunks"], 2);
  EXPECT_EQ(result["scored_tokens"], 2 * 15);
  EXPECT_LT(result["kl_divergence"], 0.05);
  EXPECT_EQ(fs::file_size(path("logits.f32")), 64U * 100U * 4U);
}

TEST_F(Cli, EvalRefusesWhatItCannotScore) {
  const auto rom = baked("w8");
  write("ids.txt", "1 2 three");
  expect_refused({"eval", "--rom", rom, "--tokens", path("ids.txt")}, "byte 4");
  write("ids.txt", "1 2 100 4 5 6");
  expect_refused({"eval", "--rom", rom, "--tokens", path("ids.txt"), "--context", "4"}, "token 2 of the text is 100");
  write("ids.txt", "1 2 3 4 5 6");
  expect_refused({"eval", "--rom", rom, "--tokens", path("ids.txt"), "--context", "8"}, "6 tokens");
  expect_refused({"eval", "--rom", rom, "--tokens", path("ids.txt"), "--context", "2"}, "at least 4");
  expect_refused({"eval", "--rom", rom, "--text", path("ids.txt")}, "--text needs a tokenizer");
  write("ids.txt", "");
  expect_refused({"eval", "--rom", rom, "--tokens", path("ids.txt")}, "is empty");
  write("bad.txt", "abc\xFFxyz");
  expect_refused({"eval", "--checkpoint", kModel, "--text", path("bad.txt")}, "UTF-8");
}

TEST_F(Cli, ATraceIsWrittenBesideTheReport) {
  const std::vector<std::string> run = {"run", "--model", "stories260k", "--chip", "demo", "--prompt-tokens", "3",
                                        "-n",  "2"};
  const auto with = [&](const std::string& file) {
    auto arguments = run;
    arguments.insert(arguments.end(), {"--trace", file});
    return arguments;
  };
  expect_refused(with(path("run.trace")), ".pftrace or .perfetto-trace (Perfetto) or .json (Chrome) is expected");
  expect_refused(with(""), "--trace");
  expect_refused(with(path("no/such/folder.json")), "no/such/folder.json");
  auto same = with(path("both.json"));
  same.insert(same.end(), {"--json", path("both.json")});
  expect_refused(same, "already writes it as another of its results");
  const auto plain = kiln(run);
  for (const auto* name : {"run.json", "run.pftrace", "run.perfetto-trace"}) {
    const auto outcome = kiln(with(path(name)));
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.out.substr(0, 40), plain.out.substr(0, 40));
    EXPECT_GT(fs::file_size(path(name)), 1000U) << name;
  }
  EXPECT_EQ(test::slurp(path("run.pftrace")), test::slurp(path("run.perfetto-trace")));
  const auto events = json::parse(test::slurp(path("run.json")))["traceEvents"];
  EXPECT_TRUE(std::any_of(events.begin(), events.end(), [](const json& e) { return e["name"] == "multiply qkv"; }));
}

TEST_F(Cli, CtrlCLeavesNoTrace) {
  const pid_t child = test::start_kiln({"run", "--model", "llama-3.1-8b", "--chip", "hc1", "--prompt-tokens", "64",
                                        "-n", "64", "--users", "5000", "--trace", path("long.pftrace")},
                                       path("long"));
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  ::kill(child, SIGINT);
  const auto outcome = test::finish_kiln(child, path("long"));
  EXPECT_EQ(outcome.status, 130) << outcome.err;
  EXPECT_FALSE(fs::exists(path("long.pftrace")));
  for (const auto& name : listing()) EXPECT_THAT(name, testing::Not(HasSubstr("partial")));
}

TEST_F(Cli, CtrlCStopsWithinASecondAndLeavesNothing) {
  // Large enough to be at work for many seconds: 0.5 B weights.
  const pid_t child = test::start_kiln({"bake", "synthetic:llama-3.1-8b", "-o", path("big.rom")}, path("big"));
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  ::kill(child, SIGINT);
  const auto outcome = test::finish_kiln(child, path("big"));
  EXPECT_EQ(outcome.status, 130) << outcome.err;
  EXPECT_FALSE(fs::exists(path("big.rom")));
  for (const auto& name : listing()) EXPECT_THAT(name, testing::Not(HasSubstr("partial")));
}

/// What lasts is the LM head, which comes last: the first matrices are recorded long before.
TEST_F(Cli, ABakeThatCtrlCEndedGoesOn) {
  const auto bake = [&](const std::string& name) {
    return std::vector<std::string>{
        "bake",  "synthetic:stories260k",  "-o", path(name), "--recipe", "w3w6", "--json", path(name + ".json"),
        "--set", "model:/vocab_size=60000"};
  };
  const auto partial = path("cut.rom.partial");
  const auto recorded = [&] {
    constexpr int kRecord = 104, kTrailer = 48, kTensors = 37;
    std::ifstream file(partial, std::ios::binary);
    if (!file.seekg(-kTrailer - (kTensors - 1) * kRecord, std::ios::end)) return false;
    return file.get() == 1;  // the place of the second record: the embedding is before it
  };
  const pid_t child = test::start_kiln(bake("cut.rom"), path("cut"));
  for (int waited = 0; waited < 30'000 && !recorded(); ++waited)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ::kill(child, SIGINT);
  const auto cut = test::finish_kiln(child, path("cut"));
  ASSERT_EQ(cut.status, 130) << cut.err;
  EXPECT_THAT(cut.err, testing::ContainsRegex("kiln: .*/cut\\.rom\\.partial has [0-9]+ of 37 tensors: run the same "
                                              "command again to go on\nkiln: interrupted\n"));
  EXPECT_TRUE(fs::exists(partial) && !fs::exists(path("cut.rom")));
  const auto rest = kiln(bake("cut.rom"));
  ASSERT_EQ(rest.status, 0) << rest.err;
  EXPECT_THAT(rest.err, testing::ContainsRegex("kiln: resuming .*: [0-9]+ of 37 tensors are baked\n"));
  EXPECT_FALSE(fs::exists(partial));
  ASSERT_EQ(kiln(bake("once.rom")).status, 0);
  EXPECT_EQ(test::slurp(path("cut.rom")) == test::slurp(path("once.rom")), true);
  const auto document = [&](const std::string& name) {
    auto all = json::parse(test::slurp(path(name)));
    all.erase("host");
    return all.dump();
  };
  EXPECT_EQ(document("cut.rom.json"), document("once.rom.json"));
}

}  // namespace
}  // namespace kiln
