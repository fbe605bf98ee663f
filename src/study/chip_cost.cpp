#include "study/chip_cost.hpp"

namespace kiln::study {
namespace {

std::optional<cost::Toggles> toggles_of(const functional::FunctionalModel* values) {
  if (values == nullptr) return std::nullopt;
  const program::Switching& s = values->switching();
  if (s.activation_bits == 0 || s.product_bits == 0) return std::nullopt;  // vectors of one element
  return cost::Toggles{static_cast<double>(s.activation_toggles) / static_cast<double>(s.activation_bits),
                       static_cast<double>(s.product_toggles) / static_cast<double>(s.product_bits)};
}

}  // namespace

base::Result<std::optional<ChipCost>> chip_cost(const config::Catalogue& configs, const program::Placement& placement,
                                                const config::BakeRecipe& recipe, const host::RunResult& ran,
                                                const functional::FunctionalModel* values) {
  const auto& silicon = placement.chip().silicon;
  if (!silicon || ran.chip.tokens.empty()) return std::optional<ChipCost>();
  auto tech = configs.tech(silicon->technology);
  if (!tech) return tech.error();
  auto die = cost::die(placement, recipe, *tech);
  if (!die) return die.error();
  const cost::RunFigures figures{ran.chip.activity, ran.chip.total.count(), ran.chip.tokens.size(),
                                 host::answer_tokens(ran.chip), toggles_of(values)};
  ChipCost cost{*std::move(tech), *std::move(die), {}, {}, figures.toggles};
  cost.paths = cost::clock_paths(placement, recipe, cost.tech, cost.die.tile_line_mm);
  cost.energy = cost::energy(placement, recipe, cost.tech, cost.die, figures);
  return std::optional<ChipCost>(std::move(cost));
}

}  // namespace kiln::study
