// A user's request to the chip: a prompt, the answer's length, the time. Cycles are the chip's; in cycle 0 the host may
// begin to send.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kiln/base/units.hpp"
#include "kiln/numerics/sample.hpp"

namespace kiln::chip {

/// One prompt and its answer.
struct UserRequest {
  base::Cycles arrival;               ///< the host has the prompt; it sends prompts in order of arrival
  std::vector<base::TokenId> prompt;  ///< at least one; in a timing-only run only its length matters
  /// Tokens of an earlier run that are still in the user's part of the KV cache: the prompt follows them. A functional
  /// run takes them with one user alone, whose slot is the first.
  std::uint64_t cached_prefix = 0;
  std::uint64_t max_new_tokens = 1;          ///< at least one
  std::vector<base::TokenId> end_tokens;     ///< any of them ends the answer (functional runs)
  std::optional<base::Cycles> cancelled_at;  ///< the host tells the chip then that the user has left
  numerics::Sampling sampling;  ///< its temperature affects the sampler's cycles, also in a timing-only run
};

/// Two ways of moving data; both give the same cycle for every event.
enum class TransferMode { Bursts, Beats };

}  // namespace kiln::chip
