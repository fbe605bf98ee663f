// Cycles of a token and of a single-user run, from the formulas of docs/units, without calling any unit's code: the second opinion that
// stands beside every simulated figure. Shapes and placement come from `program`; parameters from the chip config.
#pragma once

#include <array>
#include <cstdint>

#include "kiln/base/units.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::closed_form {

struct TokenCycles {
  base::Cycles total;                                       ///< issue to commit
  std::array<base::Cycles, program::kUnits> critical_path;  ///< adds up to total
};

/// One token at position `position` (it sees position + 1 tokens).
TokenCycles token_cycles(const program::Placement& placement, std::uint64_t position, bool with_logits);

struct RunCycles {
  base::Cycles prompt_arrival;
  base::Cycles first_answer;
  base::Cycles last_answer;
  base::Cycles total;
  std::array<base::Cycles, program::kUnits> critical_path;  ///< adds up to total
};

/// A run of prompt_tokens >= 1 and answer_tokens >= 1.
RunCycles run_cycles(const program::Placement& placement, std::uint64_t prompt_tokens, std::uint64_t answer_tokens);

}  // namespace kiln::closed_form
