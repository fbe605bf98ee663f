#include "kiln/study/closed_point.hpp"

#include <fmt/format.h>

#include "closed_form/timeline.hpp"
#include "kiln/closed_form/activity.hpp"
#include "kiln/closed_form/closed_form.hpp"
#include "kiln/cost/settle.hpp"

namespace kiln::study {
namespace {

/// When a run of one user is over, and its answer tokens are there.
struct Times {
  base::Cycles arrival, first, last, total;
};

Times of_run(const closed_form::RunCycles& run) {
  return {run.prompt_arrival, run.first_answer, run.last_answer, run.total};
}

/// Of several stages, through which a token goes while nothing else is under way.
Times of_timeline(const program::Placement& placement, const ClosedQuestion& question) {
  const closed_form::Job job{{}, question.prompt_tokens, question.answer_tokens, question.answer_tokens};
  const auto timeline = closed_form::timeline(placement, {job});
  return {base::Cycles(placement.chip().host.latency_cycles), timeline.tokens.at(question.prompt_tokens - 1).commit,
          timeline.tokens.back().commit, timeline.total};
}

void add_rates(const Times& times, std::uint64_t answers, ClosedPoint& point) {
  const double cycles_per_s = point.placement.chip().clock_mhz * 1e6;
  const auto cycles = [](base::Cycles span) { return static_cast<double>(span.count()); };
  point.total = times.total;
  point.ttft_us = cycles(times.first - times.arrival) / point.placement.chip().clock_mhz;
  point.tokens_per_s_user = cycles_per_s * static_cast<double>(answers - 1) / cycles(times.last - times.first);
  point.tokens_per_s_total = cycles_per_s * static_cast<double>(answers) / cycles(times.total);
}

}  // namespace

base::Result<ClosedPoint> closed_point(const config::ChipConfig& chip, const ClosedQuestion& question) {
  base::check(question.prompt_tokens >= 1 && question.answer_tokens >= 2, "closed point: a run has a rate");
  if (!chip.silicon)
    return base::Error{fmt::format("chip {} has no /silicon; its technology and ROM cell are expected", chip.name)};
  auto settled = cost::settle(question.model, question.recipe, chip, {}, question.tech);
  if (!settled) return settled.error();
  const std::uint64_t kept = kv_tokens(question.prompt_tokens, question.answer_tokens);
  if (kept > settled->placement.kv().capacity_tokens)
    return base::Error{fmt::format("chip {}: its KV cache holds {} tokens, {} are asked for", chip.name,
                                   settled->placement.kv().capacity_tokens, kept)};
  if (!settled->die) {
    auto die = cost::die(settled->placement, question.recipe, question.tech);
    if (!die) return die.error();
    settled->die = *std::move(die);
  }
  ClosedPoint point{std::move(settled->placement), {}, {}, {}};
  const program::Placement& placement = point.placement;
  point.chip.tech = question.tech;
  point.chip.die = *std::move(settled->die);
  point.chip.paths = cost::clock_paths(placement, question.recipe, question.tech, point.chip.die.tile_line_mm);
  if (placement.dataflow().stages().size() == 1) {
    const auto run = closed_form::run_cycles(placement, question.prompt_tokens, question.answer_tokens);
    point.critical_path = run.critical_path;
    add_rates(of_run(run), question.answer_tokens, point);
  } else {
    add_rates(of_timeline(placement, question), question.answer_tokens, point);
  }
  const auto counts = closed_form::run_counts(placement, question.prompt_tokens, question.answer_tokens);
  point.chip.energy = cost::energy(placement, question.recipe, question.tech, point.chip.die,
                                   {counts.activity, point.total.count(), counts.tokens, question.answer_tokens, {}});
  point.verdict = judge(placement, point.chip, point.chip.energy.power_w.typical, kept);
  return point;
}

}  // namespace kiln::study
