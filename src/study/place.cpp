#include "study/place.hpp"

namespace kiln::study {

base::Result<Placed> place(const config::ModelConfig& model, const config::BakeRecipe& recipe,
                           const config::ChipConfig& chip, const config::AdapterShape& adapter,
                           const config::Catalogue& configs) {
  config::TechConfig tech;  // without silicon nothing of it is read
  if (chip.silicon && cost::has_automatic(chip)) {
    auto loaded = configs.tech(chip.silicon->technology);
    if (!loaded) return loaded.error();
    tech = *std::move(loaded);
  }
  return cost::settle(model, recipe, chip, adapter, tech);
}

}  // namespace kiln::study
