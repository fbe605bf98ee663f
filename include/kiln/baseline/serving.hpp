// A GPU under a load: requests over time, served by continuous batching with the median engine, each step as the
// baseline has it (a step reads all weights once and every sequence's keys and values). Requests are admitted between
// steps, in order of arrival, as long as the memory has room for all their tokens. A prompt is part of the step that
// makes its first answer token and is charged as its tokens' multiplications; the products of its attention, which grow
// with the square of its length, are left out.
#pragma once

#include <cstdint>
#include <vector>

#include "kiln/baseline/baseline.hpp"

namespace kiln::baseline {

struct LoadRequest {
  double arrival_us = 0;            ///< in order
  std::uint64_t prompt_tokens = 1;  ///< at least one
  std::uint64_t answer_tokens = 1;  ///< at least one
};

struct Served {
  bool refused = false;  ///< it alone does not fit the memory
  double first_us = 0;   ///< its first answer token is available
  double last_us = 0;
};

struct ServingRun {
  std::vector<Served> requests;  ///< as given
  std::uint64_t most_in_batch = 0;
  double total_us = 0;  ///< until the last answer token
};

/// Takes O(n log n) steps for n requests, however many tokens they have. Fails as estimate() does.
base::Result<ServingRun> serve(const config::GpuSpec& gpu, const config::ModelConfig& model, Precision precision,
                               const std::vector<LoadRequest>& requests);

}  // namespace kiln::baseline
