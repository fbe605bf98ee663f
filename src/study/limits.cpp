#include "kiln/study/limits.hpp"

#include <algorithm>

#include "kiln/study/gpus.hpp"
#include "study/what_if.hpp"

namespace kiln::study {
namespace {

using program::Unit;

std::vector<GroupLimit> groups_of(const host::RunResult& result) {
  std::vector<GroupLimit> groups(kTimeGroupCount);
  base::Cycles whole;
  for (std::size_t u = 0; u < program::kUnits; ++u) {
    const base::Cycles cycles = result.chip.critical_path[u];
    groups[static_cast<std::size_t>(group_of(static_cast<Unit>(u)))].cycles += cycles;
    whole += cycles;
  }
  for (std::size_t g = 0; g < kTimeGroupCount; ++g) {
    groups[g].group = static_cast<TimeGroup>(g);
    groups[g].share =
        static_cast<double>(groups[g].cycles.count()) / static_cast<double>(std::max<std::uint64_t>(1, whole.count()));
  }
  std::erase_if(groups, [](const GroupLimit& group) { return group.cycles.count() == 0; });
  std::ranges::stable_sort(groups, std::greater(), &GroupLimit::share);
  return groups;
}

double share_of(Unit unit, const host::RunResult& result) {
  base::Cycles whole;
  for (const auto cycles : result.chip.critical_path) whole += cycles;
  return static_cast<double>(result.chip.critical_path[static_cast<std::size_t>(unit)].count()) /
         static_cast<double>(std::max<std::uint64_t>(1, whole.count()));
}

}  // namespace

TimeGroup group_of(Unit unit) {
  switch (unit) {
    case Unit::HostLink:
    case Unit::Sequencer:
      return TimeGroup::Host;
    case Unit::EmbeddingRom:
    case Unit::VectorUnit:
      return TimeGroup::Elementwise;
    case Unit::Attention:
    case Unit::KvSram:
      return TimeGroup::Attention;
    case Unit::Sampler:
    case Unit::LmHeadArray:
    case Unit::LmHeadTree:
      return TimeGroup::Head;
    case Unit::Links:
      return TimeGroup::Wires;
    case Unit::QkvTree:
    case Unit::OTree:
    case Unit::GateUpTree:
    case Unit::DownTree:
      return TimeGroup::Sums;
    case Unit::QkvArray:
    case Unit::OArray:
    case Unit::GateUpArray:
    case Unit::DownArray:
    case Unit::Lora:
      break;
  }
  return TimeGroup::Weights;
}

std::optional<Limits> limits(const LimitsQuestion& question, const config::Catalogue& configs) {
  const auto& ran = question.result.chip;
  const auto& placement = question.placement;
  const auto& silicon = placement.chip().silicon;
  if (!silicon || ran.users.size() != 1 || ran.users.front().answer_tokens < 2) return std::nullopt;
  const std::uint64_t answers = ran.users.front().answer_tokens;
  const auto tech = configs.tech(silicon->technology);
  if (!tech) return std::nullopt;
  const ClosedQuestion closed{placement.model(), question.recipe, *tech, question.prompt_tokens, answers};
  Asker asker(question.chip, closed, configs);
  // An adapter, a draw, a later arrival, tokens kept from before: not the run that a closed point is of.
  if (!asker.now() || asker.now()->total != ran.total) return std::nullopt;

  const Probe probe(placement, question.recipe, mean_context(question.prompt_tokens, answers),
                    kv_tokens(question.prompt_tokens, answers));
  Limits found{asker.now()->tokens_per_s_user, groups_of(question.result), std::nullopt};
  const double conflicts = share_of(Unit::KvSram, question.result);
  if (conflicts > kSmallestShare) found.bank_conflicts = without_bank_conflicts(conflicts, probe, asker);
  for (auto& group : found.groups) {
    if (group.share < kSmallestShare) continue;
    for (const auto& candidate : candidates(group.group, probe))
      if (auto asked = asker.ask(candidate.changes, candidate.what)) group.would_help.push_back(*std::move(asked));
    std::ranges::stable_sort(group.would_help, std::greater(), &WhatIf::gain);
  }
  return found;
}

}  // namespace kiln::study
