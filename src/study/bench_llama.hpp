// Kiln beside llama-bench, in the same rounds. Private to the study module.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "study/bench_lanes.hpp"

namespace kiln::study {

/// What it said of itself, filled in the first round.
struct LlamaSaid {
  std::string model, build;
  std::uint64_t model_bytes = 0;
};

/// Tokens of an answer, then of a prompt, each by the program's own figure: a process a round, in `folder`.
std::vector<BenchLane> llama_lanes(const BenchSubject& subject, const std::string& folder,
                                   const std::shared_ptr<LlamaSaid>& said);

/// Of the lanes that have finished, with those of `ours` that do the same.
LlamaAnswer llama_answer(const std::vector<BenchMeasurement>& measurements, const LlamaSaid& said);

}  // namespace kiln::study
