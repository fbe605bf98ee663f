#include "study/latencies.hpp"

#include "kiln/cost/latencies.hpp"

namespace kiln::study {

base::Result<config::ChipConfig> with_latencies(base::Result<config::ChipConfig> chip, const config::ModelConfig& model,
                                                const config::BakeRecipe& recipe, const config::Catalogue& configs) {
  if (!chip || chip->automatic.empty()) return chip;
  config::TechConfig tech;  // without silicon refused before anything of it is read
  if (chip->silicon) {
    auto loaded = configs.tech(chip->silicon->technology);
    if (!loaded) return loaded.error();
    tech = *std::move(loaded);
  }
  return cost::resolve_latencies(*chip, model, recipe, tech);
}

}  // namespace kiln::study
