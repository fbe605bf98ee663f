#include "kiln/study/estimate.hpp"

#include <algorithm>

#include "closed_form/timeline.hpp"
#include "kiln/closed_form/closed_form.hpp"
#include "kiln/cost/settle.hpp"

namespace kiln::study {
namespace {

struct Commits {
  std::uint64_t first = 0, last = 0;
};

/// Of the answer's tokens.
Commits commits_of(const program::Placement& placement, std::uint64_t prompt, std::uint64_t answer) {
  if (placement.dataflow().stages().size() == 1) {
    const auto run = closed_form::run_cycles(placement, prompt, answer);
    return {run.first_answer.count(), run.last_answer.count()};
  }
  closed_form::Job job;
  job.prompt_tokens = prompt;
  job.max_new_tokens = job.answer_tokens = answer;
  const auto timeline = closed_form::timeline(placement, {job});
  return {timeline.tokens.at(prompt - 1).commit.count(), timeline.tokens.back().commit.count()};
}

void find_loop(const std::vector<cost::ClockPath>& paths, Estimate& made) {
  made.loops_mhz = 1e9;
  for (const auto& path : paths) {
    if (!path.key.empty() || !(path.delay_ps.typical > 0)) continue;
    const double mhz = made.chip.clock_mhz * path.available_ps / path.delay_ps.typical;
    if (mhz >= made.loops_mhz) continue;
    made.loops_mhz = mhz;
    made.loop = path.name;
  }
}

double lm_head_mm2(const cost::Die& die) {
  double area = 0;
  for (const auto& part : die.parts)
    if (part.unit == program::array_unit(program::ArrayKind::LmHead)) area += part.area_mm2.typical;
  return area;
}

}  // namespace

base::Result<Estimate> estimate(const EstimateQuestion& question, const config::ChipConfig& chip,
                                const config::ChipConfig* near) {
  auto settled = cost::settle(question.model, question.recipe, chip, {}, question.tech, near);
  if (!settled) return settled.error();
  const program::Placement& placement = settled->placement;
  if (!settled->die) {
    auto made = cost::die(placement, question.recipe, question.tech);
    if (!made) return made.error();
    settled->die = *std::move(made);
  }
  Silicon silicon{question.tech, *std::move(settled->die), {}};
  silicon.paths = cost::clock_paths(placement, question.recipe, question.tech, silicon.die.tile_line_mm);
  Estimate made;
  made.chip = placement.chip();
  made.area_mm2 = silicon.die.area_mm2.typical;
  made.lm_head_mm2 = lm_head_mm2(silicon.die);
  made.kv_tokens = placement.kv().capacity_tokens;
  find_loop(silicon.paths, made);
  const std::uint64_t asked = kv_tokens(question.prompt_tokens, question.new_tokens);
  made.reasons = judge(placement, silicon, std::nullopt, asked).reasons;
  if (asked > made.kv_tokens) return made;
  const Commits commits = commits_of(placement, question.prompt_tokens, question.new_tokens);
  made.cycles_per_token = static_cast<double>(commits.last - commits.first) /
                          static_cast<double>(std::max<std::uint64_t>(1, question.new_tokens - 1));
  if (made.cycles_per_token > 0) made.tokens_per_s_user = made.chip.clock_mhz * 1e6 / made.cycles_per_token;
  return made;
}

}  // namespace kiln::study
