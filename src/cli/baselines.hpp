// The GPU rows that stand beside a chip's figure. Private to the cli module.
#pragma once

#include <cstdint>
#include <vector>

#include "cli/session.hpp"
#include "kiln/baseline/serving.hpp"
#include "report/run_report.hpp"

namespace kiln::cli {

/// Tokens in the KV cache in the middle of the answer: a mean over a decode is the figure at its mean context (bytes
/// are linear in it).
std::uint64_t mean_context(std::uint64_t prompt_tokens, std::uint64_t answer_tokens);

/// Every GPU under configs/gpu with `users` of them in a batch: BF16, and FP8 where the GPU has it; of each
/// the median and the best serving engine.
base::Result<report::BaselineRows> baselines(const Session& session, const config::ModelConfig& model,
                                             std::uint64_t users, std::uint64_t context);

/// The same GPUs under the requests of a workload. Answers are as long as the chip's were.
base::Result<std::vector<report::GpuUnderLoad>> baselines_under_load(const Session& session,
                                                                     const config::ModelConfig& model,
                                                                     std::vector<baseline::LoadRequest> requests);

}  // namespace kiln::cli
