#include "cli/costs.hpp"

namespace kiln::cli {

base::Result<std::optional<report::ChipCost>> chip_cost(const Session& session, const program::Placement& placement,
                                                        const config::BakeRecipe& recipe, const host::RunResult& ran) {
  const auto& silicon = placement.chip().silicon;
  if (!silicon || ran.chip.tokens.empty()) return std::optional<report::ChipCost>();
  auto tech = session.tech(silicon->technology);
  if (!tech) return tech.error();
  auto die = cost::die(placement, recipe, *tech);
  if (!die) return die.error();
  const cost::RunFigures figures{ran.chip.activity, ran.chip.total.count(), ran.chip.tokens.size(),
                                 host::answer_tokens(ran.chip), std::nullopt};
  report::ChipCost cost{*std::move(tech), *std::move(die), {}, {}};
  cost.paths = cost::clock_paths(placement, recipe, cost.tech, cost.die.tile_side_mm);
  cost.energy = cost::energy(placement, recipe, cost.tech, cost.die, figures);
  return std::optional<report::ChipCost>(std::move(cost));
}

}  // namespace kiln::cli
