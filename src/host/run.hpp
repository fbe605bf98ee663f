// Prompts and answers on the chip and the speeds that follow from the cycles. The formulas check the simulation:
// the closed form of the run where one user has a chip of one stage to itself, else the timeline of every token. Where
// the two differ the result says so in `mismatch`, and no figure of it may be reported as good.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chip/systemc/chip.hpp"
#include "closed_form/timeline.hpp"
#include "kiln/base/progress.hpp"
#include "kiln/base/result.hpp"
#include "kiln/closed_form/activity.hpp"
#include "kiln/closed_form/closed_form.hpp"
#include "kiln/host/run_result.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::host {

/// What a stopped run returns: nothing, or the run up to then, its committed tokens checked against the timeline. The
/// rates and units' cycles of such a part are left out; the users' outcomes are those so far.
enum class OnStop { Fail, Keep };

/// Runs the request. Fails as chip::run does, and when interrupted (OnStop::Fail).
base::Result<RunResult> run(const program::Placement& placement, const chip::RunRequest& request,
                            OnStop on_stop = OnStop::Fail);

/// The timeline's input for a finished run: answers as long as they were. A stopped user counts with one token more,
/// so that the timeline reaches beyond the run's end and nobody leaves before it.
std::vector<closed_form::Job> jobs_of(const chip::RunRequest& request, const chip::RunOutcome& outcome);

/// The sentence that names the first difference between simulation and closed form, or nothing.
std::optional<std::string> difference(const chip::RunOutcome& simulated, const closed_form::RunCycles& expected);

/// Likewise of what a single-user run counted, but for the counters of the kinds of tiles.
std::optional<std::string> difference(const program::Activity& simulated, const closed_form::RunCounts& expected);

/// When the timeline says that a run is over, and the sentence that names the first token that it has at another time.
struct TimelineAnswer {
  base::Cycles total;
  std::optional<std::string> mismatch;
};

/// For any run. Of one that was interrupted, not `whole`, every token that committed is in the timeline at the same
/// time.
TimelineAnswer compare_with_timeline(const program::Placement& placement, const std::vector<closed_form::Job>& jobs,
                                     const chip::RunOutcome& simulated, bool whole);

/// `count` ids below `vocab_size`, for runs without a text: the same for the same seed on every host.
std::vector<base::TokenId> seeded_prompt(std::uint64_t count, std::uint32_t vocab_size, std::uint64_t seed);

}  // namespace kiln::host
