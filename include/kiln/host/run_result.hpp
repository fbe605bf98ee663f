// The result of a run: the chip's outcome, that of the formulas, the speeds that follow from the cycles.
// Where simulation and formulas differ `mismatch` says so, and no figure of the run may be reported as good.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kiln/chip/outcome.hpp"
#include "kiln/closed_form/closed_form.hpp"

namespace kiln::host {

/// Rates at the chip's clock. Absent where they have no meaning: a rate between answer tokens needs two of them.
struct Speed {
  std::optional<double> tokens_per_s_user;  ///< (answer - 1) / (time of the last - time of the first), mean over users
  double tokens_per_s_total = 0;            ///< answer tokens of all users over the whole run
  std::optional<double> ttft_us;  ///< from the prompt's arrival at the chip to its first answer token, mean over users
  std::optional<double> cycles_per_token;  ///< (last - first) / (answer - 1), mean over users
};

/// Cycles from issue to commit of an answer token that sees `context` tokens.
struct ContextPoint {
  std::uint64_t context = 0;
  base::Cycles cycles;
};

/// A stage that is occupied for this share of a run sets the pace, more users would only queue. A choice.
inline constexpr double kFullStage = 0.9;

struct RunResult {
  chip::RunOutcome chip;
  base::Cycles expected_total;                        ///< what the formulas say
  std::optional<closed_form::RunCycles> closed_form;  ///< one user, one stage
  std::optional<std::string> mismatch;  ///< first difference between simulation and closed form: the run has failed
  bool interrupted = false;             ///< OnStop::Keep alone: the tokens that committed count, and nothing after them
  Speed speed;
  std::vector<ContextPoint> by_context;  ///< at most 65 tokens with logits, evenly spaced, first and last included
  /// Several stages: the one that tokens occupied longest, and its share of the run.
  std::optional<std::uint32_t> busiest_stage;
  double busiest_share = 0;
  /// What limits the chip: where the busiest stage is hardly ever free (kFullStage), the unit that works longest in it,
  /// and its share of the stage's time; else the unit with the largest share of the critical path, and that share.
  std::optional<program::Unit> limited_by;
  double limited_share = 0;
};

/// Answer tokens of all users.
std::uint64_t answer_tokens(const chip::RunOutcome& run);

}  // namespace kiln::host
