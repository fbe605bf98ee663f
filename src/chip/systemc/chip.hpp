// The SystemC chip: elaborates a placement, runs the prompts and answers of its users through it, and says what every
// unit did in every cycle. Each run() has a SystemC kernel of its own: runs may follow each other in a process, and
// runs of several threads take turns. In cycle 0 the host may begin to send.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

#include "functional/functional_model.hpp"
#include "kiln/base/result.hpp"
#include "kiln/chip/outcome.hpp"
#include "kiln/chip/request.hpp"
#include "kiln/chip/trace_span.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::chip {

struct RunRequest {
  std::vector<UserRequest> users;                 ///< at least one
  functional::FunctionalModel* values = nullptr;  ///< null: timing only
  TransferMode transfer_mode = TransferMode::Bursts;
  std::uint64_t stall_seed = 0;                ///< tests: not 0 lets every receiver refuse beats at random cycles
  std::function<void(const Event&)> on_event;  ///< may be empty
  /// Every unit's spans in order of time, without overlap; their stretches add up to RunOutcome::by_unit, category by
  /// category. May be empty. What it throws ends the run.
  std::function<void(const TraceSpan&)> on_span;
  std::function<void(std::uint32_t user, base::TokenId token, std::uint64_t index)>
      on_token;  ///< an answer token is committed (index from 0); may be empty
  std::function<void(std::uint64_t done, std::uint64_t total)> on_progress;  ///< tokens through the chip; may be empty
  std::stop_token stop;
};

/// Whether the chip can run it: fails when a prompt is empty or does not fit the KV cache beside the kept tokens
/// (naming its capacity), or when more is asked of the sampler than it does.
base::Status check(const program::Placement& placement, const RunRequest& request);

/// Fails as check() does. A KV cache that is too small for an answer ends it with Finish::KvFull.
base::Result<RunOutcome> run(const program::Placement& placement, const RunRequest& request);

}  // namespace kiln::chip
