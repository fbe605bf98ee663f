// What GPUs do on the same job: the question of `kiln baseline`, and the rows that are beside a chip's figures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kiln/base/result.hpp"
#include "kiln/baseline/baseline.hpp"
#include "kiln/baseline/serving.hpp"
#include "kiln/config/machine.hpp"
#include "kiln/host/workload_figures.hpp"
#include "kiln/study/inputs/environment.hpp"

namespace kiln::study {

/// One question, an answer for each GPU and precision.
struct BaselineRows {
  std::uint64_t batch = 1;
  std::uint64_t context = 0;  ///< tokens in the KV cache
  std::vector<baseline::BaselineFigure> figures;
  std::vector<config::ReferenceMachine> machines = {};  ///< published points, where they were asked for
};

/// How much faster a chip serves a user than the GPU of that figure.
inline double speedup(double chip_tokens_per_s_user, const baseline::BaselineFigure& gpu) {
  return chip_tokens_per_s_user / gpu.tokens_per_s_user;
}

/// A GPU under a workload; docs/workload.md.
struct GpuUnderLoad {
  std::string gpu;
  baseline::Precision precision = baseline::Precision::Bf16;
  std::size_t refused = 0;
  std::uint64_t most_in_batch = 0;
  double tokens_per_s_total = 0;
  host::Percentiles ttft_us, time_per_token_us;  ///< as host::WorkloadFigures has them
};

struct GpuQuestion {
  std::vector<std::string> gpus;  ///< names or files; all if there are none
  std::string model;
  baseline::BaselineQuery query;  ///< of the median engine: the median, the best and the best case
  bool machines = false;          ///< also published figures of other machines
};

struct GpuAnswer {
  config::ModelConfig model;
  BaselineRows rows;
};

base::Result<GpuAnswer> gpus(const GpuQuestion& question, Environment& environment);

/// Every GPU under configs/gpu with `users` of them in a batch: BF16, and FP8 where the GPU has it; of each the median
/// and the best serving engine, and the best case.
base::Result<BaselineRows> compare_gpus(const config::Catalogue& configs, const config::ModelConfig& model,
                                        std::uint64_t users, std::uint64_t context);

/// The same GPUs under the requests of a workload, in any order.
base::Result<std::vector<GpuUnderLoad>> compare_gpus_under_load(const config::Catalogue& configs,
                                                                const config::ModelConfig& model,
                                                                std::vector<baseline::LoadRequest> requests);

/// Tokens in the KV cache in the middle of the answer: a mean over a decode is the figure at its mean context (bytes
/// are linear in it). `answer_tokens` is at least 1.
std::uint64_t mean_context(std::uint64_t prompt_tokens, std::uint64_t answer_tokens);

}  // namespace kiln::study
