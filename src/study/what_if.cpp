#include "study/what_if.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kiln/closed_form/closed_form.hpp"

namespace kiln::study {

KeyChange change_of(const NumberKey& key, config::ChipConfig chip, std::uint32_t to) {
  return {key.name, std::to_string(key.value(chip)), std::to_string(to)};
}

std::string words_of(const KeyChange& change) { return fmt::format("{} {} -> {}", change.key, change.from, change.to); }

Probe::Probe(const program::Placement& placement, const config::BakeRecipe& recipe, std::uint64_t context,
             std::uint64_t kept)
    : placement_(placement), recipe_(recipe), context_(context), kept_(kept), now_(of(placement)) {}

ProbedToken Probe::of(const program::Placement& placement) const {
  const auto token = closed_form::token_cycles(placement, context_ - 1, true);
  return {token.total.count(), token.critical_path[static_cast<std::size_t>(program::Unit::KvSram)].count()};
}

std::optional<ProbedToken> Probe::at(const NumberKey& key, std::uint32_t value) const {
  config::ChipConfig changed = placement_.chip();
  key.value(changed) = value;
  const auto placed = program::Placement::create(placement_.model(), recipe_, changed);
  if (!placed || placed->kv().capacity_tokens < kept_) return std::nullopt;
  return of(*placed);
}

Asker::Asker(const std::string& chip, const ClosedQuestion& question, const config::Catalogue& configs)
    : chip_(chip), question_(question), configs_(configs), now_(point({})) {}

base::Result<ClosedPoint> Asker::point(const std::vector<config::Override>& changes) const {
  const auto chip = configs_.chip(chip_, changes);
  if (!chip) return chip.error();
  return closed_point(*chip, question_);
}

std::optional<WhatIf> Asker::ask(const std::vector<KeyChange>& changes, const std::string& what) {
  const auto before = std::ranges::find(asked_, changes, &WhatIf::changes);
  if (before != asked_.end()) return *before;
  if (asked_.size() >= kMostWhatIfs) return std::nullopt;
  std::vector<config::Override> overrides;
  overrides.reserve(changes.size());
  for (const auto& change : changes) overrides.push_back(change.key + "=" + change.to);
  const auto changed = point(overrides);
  if (!changed) return std::nullopt;
  WhatIf answer{changes, what};
  answer.tokens_per_s_user = changed->tokens_per_s_user;
  answer.gain = changed->tokens_per_s_user / now_->tokens_per_s_user - 1;
  answer.area_mm2 = changed->chip.die.area_mm2.typical - now_->chip.die.area_mm2.typical;
  answer.power_w = changed->chip.energy.power_w.typical - now_->chip.energy.power_w.typical;
  answer.verdict = changed->verdict;
  asked_.push_back(answer);
  return answer;
}

}  // namespace kiln::study
