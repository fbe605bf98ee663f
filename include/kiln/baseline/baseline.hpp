// What a GPU does on the same job: one decode step as t_step = t0 + bytes / (eta * bandwidth), the two constants from
// the GPU's config. A step reads every active weight once, whatever the batch, and the KV cache of every sequence.
// The step is linear in the context, so the mean over a decode from context a to b is the figure at (a + b) / 2.
// There is no compute term. On Llama 3 8B the mean error against published decode rates is 9 % at batch 1 and 4 % from
// 2 to batch 16; at 32 to 64 the formula is 8 to 78 % too fast (H100, B200), so a figure above batch 16 says so. A
// loaded server's end-to-end rates, prefill included, are lower still.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kiln/base/result.hpp"
#include "kiln/config/gpu_spec.hpp"
#include "kiln/config/model_config.hpp"

namespace kiln::baseline {

/// Of the matrices in the layers. LM head, norms and KV cache are at 16 bits with every precision, as serving engines
/// keep them.
enum class Precision {
  Bf16,  ///< 16 bits a weight
  Fp8,   ///< 8 bits a weight; a scale per tensor or channel is too small to count
  Int8,  ///< the same
  Int4,  ///< 4.15625 bits a weight: 4, and a 16-bit scale and a 4-bit zero for each 128 (AWQ, GPTQ)
};

std::string_view name(Precision precision);  ///< "bf16", "fp8", "int8", "int4"
base::Result<Precision> precision_from(std::string_view name);

/// The engine that the constants in configs/gpu stand for.
inline constexpr std::string_view kMedianEngine = "median of serving engines";

struct BaselineQuery {
  Precision precision = Precision::Bf16;
  std::uint64_t batch = 1;    ///< sequences that decode together, 1 to 65,536
  std::uint64_t context = 0;  ///< tokens in the KV cache of each, at most 16,777,216
};

struct BaselineFigure {
  std::string gpu;  ///< GpuSpec::name
  Precision precision = Precision::Bf16;
  std::string engine;
  double step_ms = 0;
  double tokens_per_s_user = 0;
  double tokens_per_s_total = 0;
  std::uint64_t weight_bytes = 0;  ///< read in a step
  std::uint64_t kv_bytes = 0;      ///< read in a step, of all sequences
  std::uint64_t memory_bytes = 0;  ///< weights with the input embedding, and KV cache; not an engine's working memory
  bool fits_in_memory = false;     ///< memory_bytes <= memory_gb
  std::string note;                ///< where the figure is to be taken with care, or empty
};

/// Bytes of weights that a step reads: all but the input embedding, of which it reads one row a sequence.
std::uint64_t weight_bytes_read(const config::ModelConfig& model, Precision precision);

/// Bytes of keys and values of one token, all layers, 16 bits each.
std::uint64_t kv_bytes_per_token(const config::ModelConfig& model);

/// Fails, with a sentence, for an invalid model, a batch or context out of range, and FP8 on a GPU without it.
base::Result<BaselineFigure> estimate(const config::GpuSpec& gpu, const config::ModelConfig& model,
                                      const BaselineQuery& query);

}  // namespace kiln::baseline
