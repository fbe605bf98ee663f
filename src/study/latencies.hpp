// A chip with every `auto` replaced by the number that it is for a model and a recipe.
#pragma once

#include "kiln/base/result.hpp"
#include "kiln/config/catalogue.hpp"

namespace kiln::study {

/// Passes an error on.
base::Result<config::ChipConfig> with_latencies(base::Result<config::ChipConfig> chip, const config::ModelConfig& model,
                                                const config::BakeRecipe& recipe, const config::Catalogue& configs);

}  // namespace kiln::study
