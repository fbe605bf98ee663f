#include "kiln/closed_form/closed_form.hpp"

#include <algorithm>

#include "closed_form/context_cost.hpp"
#include "closed_form/token_path.hpp"

namespace kiln::closed_form {
namespace {

using program::Unit;

std::uint64_t& at(Path& path, Unit unit) { return path[static_cast<std::size_t>(unit)]; }

void add_context(Path& path, const ContextCycles& layer, std::uint64_t layers) {
  at(path, Unit::Attention) += narrow(layers * layer.attention);
  at(path, Unit::KvSram) += narrow(layers * layer.conflicts);
}

std::array<base::Cycles, program::kUnits> as_cycles(const Path& path) {
  std::array<base::Cycles, program::kUnits> cycles;
  std::transform(path.begin(), path.end(), cycles.begin(), [](std::uint64_t count) { return base::Cycles(count); });
  return cycles;
}

/// Cycles of tokens by position. They never fall with the position, on which the formulas of Run rest.
struct TokenTimes {
  const ContextCost& context;
  std::uint64_t layers;
  Path fixed;

  [[nodiscard]] std::uint64_t at_position(std::uint64_t position) const {
    return narrow(total(fixed) + layers * context.at(position + 1).total());
  }
  /// Sum over positions [0, end).
  [[nodiscard]] std::uint64_t before(std::uint64_t end) const {
    return narrow(Wide{end} * total(fixed) + layers * context.up_to(end).total());
  }
  /// Sum over positions [begin, end).
  [[nodiscard]] std::uint64_t between(std::uint64_t begin, std::uint64_t end) const {
    return before(end) - before(begin);
  }
  /// The first position in [low, end) whose token takes at least `cycles`, or end.
  [[nodiscard]] std::uint64_t first_not_below(std::uint64_t cycles, std::uint64_t low, std::uint64_t end) const {
    while (low < end) {
      const std::uint64_t middle = low + (end - low) / 2;
      if (at_position(middle) < cycles)
        low = middle + 1;
      else
        end = middle;
    }
    return low;
  }
};

}  // namespace

TokenCycles token_cycles(const program::Placement& placement, std::uint64_t position, bool with_logits) {
  base::check(position < placement.kv().capacity_tokens, "closed form: the position has a place in the KV cache");
  const auto paths = fixed_paths(placement);
  Path path = with_logits ? paths.with_logits : paths.without_logits;
  add_context(path, ContextCost(placement, position + 1).at(position + 1), placement.model().layers);
  return {base::Cycles(total(path)), as_cycles(path)};
}

RunCycles run_cycles(const program::Placement& placement, std::uint64_t prompt_tokens, std::uint64_t answer_tokens,
                     std::uint64_t cached_prefix) {
  const std::uint64_t capacity = placement.kv().capacity_tokens;
  base::check(cached_prefix <= capacity && prompt_tokens >= 1 && prompt_tokens <= capacity - cached_prefix,
              "closed form: the prompt has a place in the KV cache");
  base::check(answer_tokens >= 1, "closed form: a run has an answer");
  const std::uint64_t prompt_end = cached_prefix + prompt_tokens;
  const std::uint64_t answers = std::min(answer_tokens, capacity - prompt_end + 1);
  const std::uint64_t silent = prompt_tokens - 1;            // tokens without logits
  const std::uint64_t last_of_prompt = prompt_end - 1;       // its position
  const std::uint64_t positions = prompt_end + answers - 1;  // the last answer token does not pass the chip
  const auto& host = placement.chip().host;
  const std::uint64_t layers = placement.model().layers;

  const auto paths = fixed_paths(placement);
  const ContextCost context(placement, positions);
  const TokenTimes prefill{context, layers, paths.without_logits};
  const TokenTimes decode{context, layers, paths.with_logits};

  // Early prompt tokens may be faster than the wire brings the next; from the first slower one on nothing waits for the
  // wire.
  const std::uint64_t fast_end = prefill.first_not_below(host.cycles_per_token, cached_prefix, last_of_prompt);
  const std::uint64_t prompt_wait =
      (fast_end - cached_prefix) * host.cycles_per_token - prefill.between(cached_prefix, fast_end);
  const std::uint64_t last_prompt_issue =
      host.latency_cycles + prompt_wait + prefill.between(cached_prefix, last_of_prompt);

  RunCycles run;
  const std::uint64_t first = last_prompt_issue + decode.at_position(last_of_prompt);
  const std::uint64_t last = first + decode.between(prompt_end, positions);
  // Commits minus their turns on the wire are convex in the answer's index: the first or the last token sets the pace.
  const std::uint64_t leave = std::max(last, first + (answers - 1) * host.cycles_per_token);
  run.prompt_arrival = base::Cycles(host.latency_cycles);
  run.first_answer = base::Cycles(first);
  run.last_answer = base::Cycles(last);
  run.total = base::Cycles(leave + host.latency_cycles);
  run.answer_tokens = answers;

  Path path{};
  path = plus(path, paths.without_logits, silent);
  path = plus(path, paths.with_logits, answers);
  const ContextCycles all = context.up_to(positions), cached = context.up_to(cached_prefix);
  add_context(path, {all.attention - cached.attention, all.conflicts - cached.conflicts}, layers);
  at(path, Unit::HostLink) += host.latency_cycles + prompt_wait + (leave - last) + host.latency_cycles;
  run.critical_path = as_cycles(path);
  return run;
}

// A pass of all arrays of a layer is saved for each prompt token but one a batch.
std::optional<base::Cycles> first_answer_with_batch_register(const program::Placement& placement,
                                                             std::uint64_t prompt_tokens, std::uint64_t batch) {
  base::check(batch >= 1, "closed form: a batch has a token");
  const RunCycles run = run_cycles(placement, prompt_tokens, 1);
  const Path layer = layer_path(placement);
  std::uint64_t pass = layer[static_cast<std::size_t>(Unit::Lora)];
  for (const auto kind :
       {program::ArrayKind::Qkv, program::ArrayKind::O, program::ArrayKind::GateUp, program::ArrayKind::Down})
    pass += layer[static_cast<std::size_t>(program::array_unit(kind))];
  const std::uint64_t saved = prompt_tokens - base::ceil_div(prompt_tokens, batch);
  const base::Cycles first = run.first_answer - base::Cycles(saved * placement.model().layers * pass);
  const auto& host = placement.chip().host;
  const base::Cycles last_id(host.latency_cycles + (prompt_tokens - 1) * std::uint64_t{host.cycles_per_token});
  const auto last = token_cycles(placement, prompt_tokens - 1, true).total;
  if (batch > 1 && first < last_id + last) return std::nullopt;
  return first;
}

}  // namespace kiln::closed_form
