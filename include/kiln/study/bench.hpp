// How fast Kiln itself is on this machine: the question of `kiln bench`. Measurements take turns in rounds, so that a
// drift of a shared machine hits all alike; each is held against a plain read of the same bytes in the same round. All
// figures are times: they are of this machine and this moment, and nothing that a baseline could keep.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kiln/base/result.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/program/placement.hpp"
#include "kiln/study/inputs/environment.hpp"
#include "kiln/study/inputs/host_figures.hpp"

namespace kiln::study {

struct BenchQuestion {
  std::string rom;                    ///< file of a ROM image; empty: one is baked for the time of the question
  std::string model;                  ///< a checkpoint: what is baked; empty without an image: kBenchModel
  std::optional<std::string> recipe;  ///< of what is baked; w3w6 if not given
  std::string chip = "hc1";
  std::vector<std::string> only;     ///< of kBenchParts; empty: all of them
  std::uint64_t rounds = 5;          ///< that count; one more comes before them and does not
  std::uint64_t new_tokens = 32;     ///< that decode gives in a round
  std::uint64_t prompt_tokens = 64;  ///< of prefill in a round
  std::uint64_t context = 64;        ///< tokens of the chunk that is evaluated in a round
  std::uint64_t kernel_mib = 0;      ///< of codes that the kernels multiply; 0: twice the largest cache, 64 to 1,024
  std::uint64_t window_mib =
      64;                   ///< of them that one kernel multiplies in a round: always those that are longest unread
  bool growth = false;      ///< shapes of 1 to 70 billion weights at contexts from 256 to 8,192 as well
  std::string llama_bench;  ///< a program, and
  std::string llama_model;  ///< a GGUF file for it; both or neither
};

inline constexpr const char* kBenchModel = "synthetic:smollm2-135m";
inline constexpr const char* kBenchParts[] = {"kernels", "decode", "timing", "prefill", "eval", "bake"};

/// One thing that was measured, round by round. What it does not have is 0 or empty.
struct BenchMeasurement {
  std::string name;            ///< "decode", "kernel"; several share a name where what follows tells them apart
  std::string what;            ///< in words
  std::string model = {};      ///< of growth: the shape, and
  std::uint64_t context = 0;   ///< tokens in the KV cache at the end of a round
  std::uint64_t kv_bytes = 0;  ///< of one user's keys and values on the chip then
  int bits = 0;                ///< of a kernel's codes
  std::string simd = {};       ///< of a kernel
  std::string bound = {};      ///< the name of the plain read that it is held against
  // Of a round.
  std::uint64_t tokens = 0;
  std::uint64_t bytes = 0;     ///< that are read: of weights, of a file, of a checkpoint in BF16
  std::uint64_t products = 0;  ///< of a weight and an activation
  std::uint64_t cycles = 0, kernel_events = 0;
  std::vector<double> seconds = {};
};

/// The lane of products of registers alone: what the multiply ports of the processor can do at most.
inline constexpr const char* kBenchRegisters = "registers";

/// `amount` over the seconds of each round.
std::vector<double> per_second(const BenchMeasurement& measurement, std::uint64_t amount);
/// The share of the plain read's bytes a second that a measurement reached, round by round; both have the same rounds.
std::vector<double> shares(const BenchMeasurement& measurement, const BenchMeasurement& read);
/// The share of the products a second that registers alone reach, round by round.
std::vector<double> shares_of_ports(const BenchMeasurement& measurement, const BenchMeasurement& registers);
/// Tokens a second if a token took as long as a plain read of its bytes, round by round.
std::vector<double> bound_tokens_per_s(const BenchMeasurement& read, std::uint64_t bytes_per_token);

/// The computer, as far as the system says.
struct MachineFigures {
  std::string cpu;                  ///< "AMD EPYC 7B13"
  std::vector<std::string> widths;  ///< vector instructions that Kiln has code for: "scalar", "avx2", "avx512"
  std::size_t cores = 0;            ///< hardware threads that this process may use
  std::uint64_t memory_bytes = 0;   ///< 0: not known; likewise below, and empty texts
  std::uint64_t largest_cache_bytes = 0;
  std::string kernel;    ///< "Linux 6.1.0"
  std::string governor;  ///< of the first core's clock
};

/// The value of "KEY : VALUE" in the text of /proc/cpuinfo or /proc/meminfo, of the first such line; or nothing.
std::string value_in(const std::string& text, const std::string& key);
/// Vector widths that Kiln has code for and a processor with these flags of /proc/cpuinfo has, the narrowest first.
std::vector<std::string> widths_of(const std::string& flags);

/// What llama-bench says of one test.
struct LlamaBenchRow {
  std::uint64_t prompt_tokens = 0, new_tokens = 0;
  double tokens_per_s = 0;
  std::uint64_t model_bytes = 0;
  std::string model, build;  ///< "llama 1B Q4_0", a commit; may be empty
};
/// The one test that is in the document of `llama-bench -o json`; fails with a sentence.
base::Result<LlamaBenchRow> read_llama_bench(const std::string& document);

/// A measurement of Kiln against the same of llama-bench: tokens a second, ours over theirs, round by round.
struct LlamaRatio {
  std::string measurement;
  std::vector<double> rounds;
};
struct LlamaAnswer {
  std::string model, build;
  std::uint64_t model_bytes = 0;
  std::vector<LlamaRatio> ratios;
};

struct BenchAnswer {
  explicit BenchAnswer(program::Placement placed, config::BakeRecipe baked)
      : placement(std::move(placed)), recipe(std::move(baked)) {}

  program::Placement placement;
  config::BakeRecipe recipe;
  std::string rom_hash;
  std::uint64_t image_bytes = 0;
  std::uint64_t bytes_per_token = 0;  ///< of weights, that a token with logits reads
  MachineFigures machine;
  std::uint64_t rounds = 0;
  std::vector<BenchMeasurement> measurements;  ///< in the order of a round
  std::optional<LlamaAnswer> llama;
  HostFigures host;  ///< of all together

  /// The first of that name, or null.
  [[nodiscard]] const BenchMeasurement* find(const std::string& name) const;
};

/// What the simulated chip's timing and the counters of bits add to the time of the arithmetic alone, as a share of it,
/// round by round; nothing where `decode` or `values` was not measured.
std::vector<double> prices_of_timing(const BenchAnswer& answer);

/// What of the question is wrong in itself, before a file is opened.
base::Status check(const BenchQuestion& question);
/// Fails as check() does, where a file is not what the question says, where the chip cannot run the model, where
/// llama-bench fails, and when interrupted. Leaves no file.
base::Result<BenchAnswer> bench(const BenchQuestion& question, Environment& environment);

}  // namespace kiln::study
