// What a GPU does on the same job: the time of one step of `batch` sequences,
//   t = t0 * layers / 32 + sqrt(w^2 + c^2) + k + s * batch,
// of reading the weights (w), multiplying (c), reading keys and values (k) and what each sequence adds (s); constants
// from the GPU's config. docs/validation/gpu.md has the meaning of each, the fit and its errors.
// A step is linear in the context, so the mean over a decode from context a to b is the figure at (a + b) / 2.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/base/result.hpp"
#include "kiln/config/gpu_spec.hpp"
#include "kiln/config/model_config.hpp"

namespace kiln::baseline {

/// Of the matrices in the layers. LM head, norms and KV cache are at 16 bits with every precision, as serving engines
/// keep them.
enum class Precision {
  Bf16,  ///< 16 bits a weight
  Fp8,   ///< 8 bits a weight, multiplied at 8 bits; a scale per tensor or channel is too small to count. As Int8 on a
         ///< GPU without FP8 in hardware
  Int8,  ///< 8 bits a weight, widened and multiplied at 16
  Int4,  ///< 4.15625 bits a weight: 4, and a 16-bit scale and a 4-bit zero for each 128 (AWQ, GPTQ); as above
};

std::string_view name(Precision precision);  ///< "bf16", "fp8", "int8", "int4"
base::Result<Precision> precision_from(std::string_view name);

/// Index into config::kGpuEngines.
enum class Engine : std::size_t { Median, Vllm, TrtLlm, Sglang, GptFast, Lmdeploy, Mlc, Exllama, LlamaCpp };
inline constexpr std::size_t kEngines = config::kGpuEngines.size();

inline constexpr std::string_view kMedianEngine = "median of serving engines";
std::string_view name(Engine engine);  ///< "vllm", ...; kMedianEngine

struct BaselineQuery {
  Precision precision = Precision::Bf16;
  std::uint64_t batch = 1;    ///< sequences that decode together, 1 to 65,536
  std::uint64_t context = 0;  ///< tokens in the KV cache of each, at most 16,777,216
  Engine engine = Engine::Median;
  std::uint64_t gpus = 1;  ///< that share each layer (tensor parallelism), 1 to 64
};

/// Why a figure needs care.
struct Doubt {
  std::string gpu;       ///< whose doubt it is, before the sentence; empty: of every GPU
  std::string sentence;  ///< the same for every GPU that it concerns
};

struct BaselineFigure {
  std::string gpu;  ///< GpuSpec::name
  Precision precision = Precision::Bf16;
  Engine engine = Engine::Median;
  bool best = false;       ///< the fastest serving engine at this query
  bool best_case = false;  ///< no engine's: see best_case()
  std::uint64_t gpus = 1;
  double step_ms = 0;
  double tokens_per_s_user = 0;
  double tokens_per_s_total = 0;
  double energy_j_per_token = 0;   ///< of all GPUs, without their hosts
  std::uint64_t weight_bytes = 0;  ///< read in a step
  std::uint64_t kv_bytes = 0;      ///< read in a step, of all sequences
  std::uint64_t memory_bytes = 0;  ///< weights with the input embedding, and KV cache; not an engine's working memory
  bool fits_in_memory = false;     ///< memory_bytes <= memory_gb of all GPUs
  double error_mean_percent = 0;   ///< of tokens/s against published measurements at one sequence, or at several
  double error_p90_percent = 0;
  std::uint64_t error_rows = 0;  ///< how many
  double energy_error_mean_percent = 0;
  std::string dates;  ///< when the engine's measurements were published
  std::vector<Doubt> doubts;
  std::string note;  ///< the doubts in one line, or empty
};

/// Bytes of weights that a step reads: all but the input embedding, of which it reads one row a sequence.
std::uint64_t weight_bytes_read(const config::ModelConfig& model, Precision precision);

/// Bytes of keys and values of one token, all layers, 16 bits each.
std::uint64_t kv_bytes_per_token(const config::ModelConfig& model);

/// The parts of a step, in milliseconds.
struct StepParts {
  double overhead = 0, weights = 0, compute = 0, kv = 0, sequences = 0, links = 0;
  [[nodiscard]] double total() const;
};

/// `tokens` pass the weights (more than `sequences` where prompts are among them); `kv_bytes` are read. The model and
/// the query must be valid.
StepParts step(const config::GpuSpec& gpu, const config::ModelConfig& model, const BaselineQuery& query, double tokens,
               double sequences, double kv_bytes);

/// Fails, with a sentence, for an invalid model, and a batch, context or number of GPUs out of range.
base::Result<BaselineFigure> estimate(const config::GpuSpec& gpu, const config::ModelConfig& model,
                                      const BaselineQuery& query);

/// What a stack without software's faults would reach, a choice and no measurement: t0 = 0.5 ms, nothing for each
/// sequence, 90 % of the peak bandwidth and 80 % of the dense peak (or the fitted share, where that is more). No error
/// is stated.
inline constexpr double kBestCaseOverheadMs = 0.5;
inline constexpr double kBestCaseEfficiency = 0.9;
inline constexpr double kBestCaseCompute = 0.8;
inline constexpr std::string_view kBestCase = "best case";
base::Result<BaselineFigure> best_case(const config::GpuSpec& gpu, const config::ModelConfig& model,
                                       const BaselineQuery& query);

/// Who a figure is of: kBestCase, or the name of its engine.
std::string_view label(const BaselineFigure& figure);

/// The median engine, the serving engine that is fastest at this query, and the best case; the query's engine is not
/// asked. Fails as estimate() does.
base::Result<std::vector<BaselineFigure>> band(const config::GpuSpec& gpu, const config::ModelConfig& model,
                                               const BaselineQuery& query);

}  // namespace kiln::baseline
