// Cycles of a token and of a single-user run, from the formulas of docs/closed-form.md, without calling any unit's
// code: the second opinion that is beside every simulated figure. Shapes and placement come from `program`;
// parameters from the chip config. Cycle 0 of a run is when the host begins to send the prompt. Positions must be
// within the KV cache's capacity: anything else is a bug of the caller (base::check), and so is a run of 2^64 cycles or
// more.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "kiln/base/units.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::closed_form {

struct TokenCycles {
  base::Cycles total;                                       ///< issue to commit
  std::array<base::Cycles, program::kUnits> critical_path;  ///< adds up to total
};

/// One token at position `position` < kv().capacity_tokens (it sees position + 1 tokens).
TokenCycles token_cycles(const program::Placement& placement, std::uint64_t position, bool with_logits);

struct RunCycles {
  base::Cycles prompt_arrival;                              ///< first prompt token at the sequencer
  base::Cycles first_answer;                                ///< commit of the first answer token
  base::Cycles last_answer;                                 ///< commit of the last
  base::Cycles total;                                       ///< until the host has the last answer token
  std::array<base::Cycles, program::kUnits> critical_path;  ///< adds up to total
  std::uint64_t answer_tokens = 0;  ///< generated: fewer than asked for where the KV cache is full before
};

/// A run of prompt_tokens >= 1 and answer_tokens >= 1, no end of text before; cached_prefix are in the KV cache already,
/// and cached_prefix + prompt_tokens <= kv().capacity_tokens. The answer ends early when the KV cache is full: at most
/// capacity - cached_prefix - prompt_tokens + 1 answer tokens, for the last one needs no place.
RunCycles run_cycles(const program::Placement& placement, std::uint64_t prompt_tokens, std::uint64_t answer_tokens,
                     std::uint64_t cached_prefix = 0);

/// What a batch register would buy, for no chip of the family has one: the first answer token of the same run if
/// `batch` tokens of the prompt shared each pass of a tile array (and of the LoRA unit beside it), the last batch
/// holding the rest. All other units take one token at a time, and nothing of a batch overlaps. With batch 1 it is
/// run_cycles(). Nothing where the wire from the host would set the pace.
std::optional<base::Cycles> first_answer_with_batch_register(const program::Placement& placement,
                                                             std::uint64_t prompt_tokens, std::uint64_t batch);

}  // namespace kiln::closed_form
