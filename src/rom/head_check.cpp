#include "rom/head_check.hpp"

#include <fmt/format.h>

#include <cmath>

#include "kiln/config/load.hpp"

namespace kiln::rom {
namespace {

/// The config loader joins all its sentences by newlines; an image's error is one.
base::Error first_sentence(const std::string& section, const base::Error& error) {
  return base::Error{
      fmt::format("its {} cannot be used: {}", section, error.message.substr(0, error.message.find('\n')))};
}

}  // namespace

base::Result<config::ModelConfig> parse_model_section(const std::string& text) {
  auto model = config::parse_model(text, "model section");
  if (!model) return first_sentence("model", model.error());
  if (const auto valid = model->validate(); !valid) return first_sentence("model", valid.error());
  if (config::to_json(*model) != text) return base::Error{"its model section is not canonical JSON"};
  return model;
}

base::Result<config::BakeRecipe> parse_recipe_section(const std::string& text) {
  auto recipe = config::parse_recipe(text, "recipe section");
  if (!recipe) return first_sentence("recipe", recipe.error());
  if (config::to_json(*recipe) != text) return base::Error{"its recipe section is not canonical JSON"};
  return recipe;
}

std::string fault_of_norms(std::span<const float> norms) {
  for (std::size_t i = 0; i < norms.size(); ++i)
    if (!std::isfinite(norms[i])) return fmt::format("element {} of the norms is not a finite number", i);
  return "";
}

}  // namespace kiln::rom
