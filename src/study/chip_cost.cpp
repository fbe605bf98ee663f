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

base::Result<std::optional<Silicon>> silicon(const config::Catalogue& configs, Placed placed,
                                             const config::BakeRecipe& recipe) {
  const auto& of_chip = placed.placement.chip().silicon;
  if (!of_chip) return std::optional<Silicon>();
  auto tech = configs.tech(of_chip->technology);
  if (!tech) return tech.error();
  if (!placed.die) {
    auto die = cost::die(placed.placement, recipe, *tech);
    if (!die) return die.error();
    placed.die = *std::move(die);
  }
  auto paths = cost::clock_paths(placed.placement, recipe, *tech, placed.die->tile_line_mm);
  return std::optional(Silicon{*std::move(tech), *std::move(placed.die), std::move(paths)});
}

ChipCost chip_cost(Silicon silicon, const program::Placement& placement, const config::BakeRecipe& recipe,
                   const host::RunResult& ran, const functional::FunctionalModel* values) {
  const cost::RunFigures figures{ran.chip.activity, ran.chip.total.count(), ran.chip.tokens.size(),
                                 host::answer_tokens(ran.chip), toggles_of(values)};
  ChipCost cost{std::move(silicon), {}, figures.toggles};
  cost.energy = cost::energy(placement, recipe, cost.tech, cost.die, figures);
  return cost;
}

}  // namespace kiln::study
