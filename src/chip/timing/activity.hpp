// What the units of a run count, without the run: their own counts over the dataflow's list, for searches that ask for
// the energy of thousands of chips. No cycles here: those of such a run are the closed form's.
#pragma once

#include <cstdint>

#include "kiln/program/activity.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::chip {

/// Of one greedy user who is not cancelled: `prompt_tokens` >= 1 and `answer_tokens` >= 1, which fit the KV cache.
program::Activity activity_of(const program::Placement& placement, std::uint64_t prompt_tokens,
                              std::uint64_t answer_tokens);

}  // namespace kiln::chip
