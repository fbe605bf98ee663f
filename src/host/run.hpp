// Prompts and answers on the chip and the speeds that follow from the cycles. The formulas stand beside the simulation:
// the closed form of the run where one user has a chip of one stage to itself, else the timeline of every token. Where
// the two differ the result says so in `mismatch`, and no figure of it may be reported as good.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "chip/systemc/chip.hpp"
#include "closed_form/timeline.hpp"
#include "kiln/base/progress.hpp"
#include "kiln/base/result.hpp"
#include "kiln/closed_form/closed_form.hpp"
#include "kiln/program/placement.hpp"

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
  bool interrupted = false;  ///< OnStop::Keep alone: the tokens that committed count, and nothing behind them
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

/// What a stop makes of a run: nothing, or what it is up to then, its committed tokens held against the timeline. The
/// rates and units' cycles of such a part are left out, the users' outcomes are as far as they came.
enum class OnStop { Fail, Keep };

/// Runs the request. Fails as chip::run does, and when interrupted (OnStop::Fail).
base::Result<RunResult> run(const program::Placement& placement, const chip::RunRequest& request,
                            OnStop on_stop = OnStop::Fail);

/// What the timeline is told of a run that has been: answers as long as they were. Who was stopped counts with one
/// token more, so that the timeline reaches beyond the run's end and leaves nobody before it.
std::vector<closed_form::Job> jobs_of(const chip::RunRequest& request, const chip::RunOutcome& outcome);

/// Answer tokens of all users.
std::uint64_t answer_tokens(const chip::RunOutcome& run);

/// The sentence that names the first difference between simulation and closed form, or nothing.
std::optional<std::string> difference(const chip::RunOutcome& simulated, const closed_form::RunCycles& expected);

/// The same for any run: the first token that the timeline has at another time.
std::optional<std::string> difference(const chip::RunOutcome& simulated, const closed_form::Timeline& expected);

/// The same for a run that was interrupted: every token that committed is in the timeline at the same time.
std::optional<std::string> difference_so_far(const chip::RunOutcome& simulated, const closed_form::Timeline& expected);

/// `count` ids below `vocab_size`, for runs without a text: the same for the same seed on every host.
std::vector<base::TokenId> seeded_prompt(std::uint64_t count, std::uint32_t vocab_size, std::uint64_t seed);

}  // namespace kiln::host
