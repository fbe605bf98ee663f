// What reader and writer both demand of an image's small parts, so that whatever is written can be opened.
// Errors are without the file, which the caller adds.
#pragma once

#include <span>
#include <string>

#include "kiln/base/result.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/model_config.hpp"

namespace kiln::rom {

/// Canonical JSON (config::to_json) of a model that validate() accepts.
base::Result<config::ModelConfig> parse_model_section(const std::string& text);
base::Result<config::BakeRecipe> parse_recipe_section(const std::string& text);

/// Empty, or which value is not finite.
std::string fault_of_norms(std::span<const float> norms);

}  // namespace kiln::rom
