#include "kiln/host/run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kiln/base/random.hpp"

namespace kiln::host {
namespace {

Speed speed_of(const chip::RunOutcome& run, std::uint32_t clock_mhz) {
  const double cycles_per_s = clock_mhz * 1e6;
  Speed speed;
  speed.ttft_us = static_cast<double>((run.first_answer - run.prompt_arrival).count()) / clock_mhz;
  speed.tokens_per_s_total =
      static_cast<double>(run.answer_tokens) * cycles_per_s / static_cast<double>(run.total.count());
  if (run.answer_tokens > 1) {
    const auto intervals = static_cast<double>(run.answer_tokens - 1);
    const auto cycles = static_cast<double>((run.last_answer - run.first_answer).count());
    speed.cycles_per_token = cycles / intervals;
    speed.tokens_per_s_user = intervals * cycles_per_s / cycles;
  }
  return speed;
}

/// Tokens with logits: the last of the prompt and all of the answer that went through the chip.
std::vector<ContextPoint> sample_contexts(const chip::RunOutcome& run, std::size_t prompt_tokens) {
  constexpr std::size_t kIntervals = 64;
  std::vector<ContextPoint> points;
  const std::size_t first = prompt_tokens - 1;
  const std::size_t span = run.tokens.size() - 1 - first;
  for (std::size_t i = 0; i <= kIntervals; ++i) {
    const auto& token = run.tokens[first + span * i / kIntervals];
    const std::uint64_t context = std::uint64_t{token.position.value} + 1;
    if (points.empty() || points.back().context != context) points.push_back({context, token.commit - token.issue});
  }
  return points;
}

void name_limit(RunResult& result) {
  const auto& path = result.chip.critical_path;
  const auto longest = std::max_element(path.begin(), path.end());
  if (longest->count() == 0) return;
  result.limited_by = static_cast<program::Unit>(longest - path.begin());
  result.limited_share = static_cast<double>(longest->count()) / static_cast<double>(result.chip.total.count());
}

}  // namespace

std::optional<std::string> difference(const chip::RunOutcome& simulated, const closed_form::RunCycles& expected) {
  const auto differs = [](std::string_view what, base::Cycles a, base::Cycles b) -> std::optional<std::string> {
    if (a == b) return std::nullopt;
    return fmt::format("the simulated chip and the closed form differ in {}: {} and {} cycles", what, a.count(),
                       b.count());
  };
  if (auto d = differs("the prompt's arrival", simulated.prompt_arrival, expected.prompt_arrival)) return d;
  if (auto d = differs("the first answer token", simulated.first_answer, expected.first_answer)) return d;
  if (auto d = differs("the last answer token", simulated.last_answer, expected.last_answer)) return d;
  if (auto d = differs("the whole run", simulated.total, expected.total)) return d;
  for (std::size_t i = 0; i < program::kUnits; ++i) {
    const auto unit = fmt::format("the critical path through {}", name(static_cast<program::Unit>(i)));
    if (auto d = differs(unit, simulated.critical_path[i], expected.critical_path[i])) return d;
  }
  return std::nullopt;
}

std::vector<base::TokenId> seeded_prompt(std::uint64_t count, std::uint32_t vocab_size, std::uint64_t seed) {
  base::Random random(seed);
  std::vector<base::TokenId> ids(count);
  for (auto& id : ids) id = static_cast<base::TokenId>(random.below(vocab_size));
  return ids;
}

base::Result<RunResult> run(const program::Placement& placement, const chip::RunRequest& request) {
  auto outcome = chip::run(placement, request);
  if (!outcome) return outcome.error();
  if (outcome->finish == chip::Finish::Interrupted) return base::Error{"interrupted"};
  RunResult result;
  result.chip = *std::move(outcome);
  result.closed_form = closed_form::run_cycles(placement, request.prompt.size(), result.chip.answer_tokens);
  if (request.stall_seed == 0) result.mismatch = difference(result.chip, result.closed_form);
  result.speed = speed_of(result.chip, placement.chip().clock_mhz);
  result.by_context = sample_contexts(result.chip, request.prompt.size());
  name_limit(result);
  return result;
}

}  // namespace kiln::host
