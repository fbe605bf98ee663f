// What a sweep would do, before it does it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <numeric>

#include "kiln/config/latencies.hpp"
#include "sweep/accuracy.hpp"
#include "sweep/search.hpp"
#include "sweep/sweep.hpp"

namespace kiln::sweep {
namespace {

constexpr std::size_t kTimed = 5;  ///< points that are answered to learn how long one takes

/// Whether the model is on the tiles and the tokens in the KV cache; not what takes a floorplan.
base::Status placeable(const Point& point) {
  auto chip = point.chip;
  config::for_each_latency(chip, [](const std::string&, std::uint32_t& cycles) {
    if (cycles == config::kAutomatic) cycles = 1;
  });
  const auto placed = program::Placement::create(point.model, point.recipe, chip, {});
  if (!placed) return placed.error();
  const auto kept = study::kv_tokens(point.prompt_tokens, point.new_tokens);
  if (kept > placed->kv().capacity_tokens)
    return base::Error{fmt::format("chip {}: its KV cache holds {} tokens, {} are asked for", chip.name,
                                   placed->kv().capacity_tokens, kept)};
  return {};
}

/// What comes of measuring recipes, which a dry run does not do.
constexpr std::array<std::string_view, 8> kMeasured = {"bits_per_weight", "scored_tokens",   "perplexity",
                                                       "mean_nll",        "kl_divergence",   "kl_divergence_max",
                                                       "top1_agreement",  "perplexity_ratio"};

/// A name that none of these points has as a figure, as the reason of each of them to fail; others may lack some too.
std::optional<std::string> unknown_figure(const Spec& spec, const std::vector<Outcome>& looked_at) {
  const auto unknown = [&](const std::string& name) {
    if (spec.base.accuracy && std::ranges::find(kMeasured, name) != kMeasured.end()) return false;
    return !looked_at.empty() &&
           std::ranges::none_of(looked_at, [&](const auto& each) { return each.figures.contains(name); });
  };
  Spec of_it;
  for (const auto& objective : spec.objectives)
    if (unknown(objective.figure)) {
      of_it.objectives = {objective};
      break;
    }
  for (const auto& constraint : spec.constraints)
    if (std::ranges::any_of(constraint.names(), unknown)) of_it.constraints.push_back(constraint);
  if (of_it.objectives.empty() && of_it.constraints.empty()) return std::nullopt;
  Outcome outcome = looked_at.front();
  judge(of_it, outcome);
  return outcome.reason;
}

}  // namespace

base::Result<DryRun> dry_run(const SweepQuestion& question, study::Environment& environment) {
  const auto plan = plan_of(question, environment);
  if (!plan) return plan.error();
  if (const auto possible = check_search(*plan->spec, question); !possible) return possible.error();
  const auto& points = plan->resolver->points();
  DryRun answer;
  answer.points = plan->spec->all_points(points.size());
  answer.looked_at = points.size();
  answer.jobs = question.jobs;
  std::map<std::string, std::pair<std::string, std::uint64_t>> kinds;
  std::vector<std::uint64_t> good;
  for (std::uint64_t number = 0; number < points.size(); ++number) {
    if (environment.progress.stopped()) return base::Error{"interrupted"};
    environment.progress("checking points", number, points.size());
    const auto point = plan->resolver->resolve(number, points[number]);
    const auto placed = point ? placeable(*point) : base::Status(point.error());
    if (placed) {
      good.push_back(number);
      continue;
    }
    ++answer.infeasible;
    auto& [first, count] = kinds[without_numbers(placed.error().message)];
    if (count++ == 0) first = placed.error().message;
  }
  environment.progress("checking points", points.size(), points.size());
  std::vector<std::uint64_t> all(points.size());
  std::iota(all.begin(), all.end(), std::uint64_t{0});
  answer.recipes = needed_recipes(*plan, all).size();
  for (auto& [kind, each] : kinds) answer.reasons.push_back(std::move(each));
  std::ranges::stable_sort(answer.reasons, std::greater<>(), &std::pair<std::string, std::uint64_t>::second);
  const auto began = std::chrono::steady_clock::now();
  const std::size_t timed = std::min(kTimed, good.size());
  std::vector<Outcome> looked_at;
  for (std::size_t i = 0; i < timed; ++i) {
    auto outcome = evaluate(*plan->spec, *plan->resolver, good[i * good.size() / timed], question.verify == Verify::All,
                            environment);
    if (!outcome.figures.empty()) looked_at.push_back(std::move(outcome));
  }
  if (const auto wrong = unknown_figure(*plan->spec, looked_at)) return base::Error{question.spec + ": " + *wrong};
  if (timed > 0)
    answer.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count() /
                     static_cast<double>(timed) * static_cast<double>(good.size()) *
                     (static_cast<double>(answer.points) / static_cast<double>(answer.looked_at));
  return answer;
}

}  // namespace kiln::sweep
