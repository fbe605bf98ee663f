// What a single-user run counts, from formulas over shapes and contexts: the second opinion beside the units' own
// counters, and what makes an energy without a simulation.
#pragma once

#include <cstdint>

#include "kiln/program/activity.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::closed_form {

struct RunCounts {
  program::Activity activity;       ///< all but the counters of the kinds of tiles, which are 0
  std::uint64_t tokens = 0;         ///< that pass the chip: all but the last answer token
  std::uint64_t logits_tokens = 0;  ///< of them with logits
};

/// Of the run that run_cycles() of the same arguments is about; every answer token is the likeliest one.
RunCounts run_counts(const program::Placement& placement, std::uint64_t prompt_tokens, std::uint64_t answer_tokens,
                     std::uint64_t cached_prefix = 0);

/// Counters that only a kind of tile counts; energy is of weights there.
bool of_a_tile_kind(const program::Counter<program::Activity>& counter);

}  // namespace kiln::closed_form
