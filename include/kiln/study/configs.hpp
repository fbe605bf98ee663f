// The configs that a name may mean: the question of `kiln list`.
#pragma once

#include <variant>
#include <vector>

#include "kiln/base/enum_table.hpp"
#include "kiln/base/result.hpp"
#include "kiln/config/kinds.hpp"
#include "kiln/study/inputs/environment.hpp"

namespace kiln::study {

enum class ConfigKind { Chips, Models, Recipes, Gpus, Technologies, Machines };
inline constexpr auto kConfigKinds = base::enum_names<ConfigKind>({{ConfigKind::Chips, "chips"},
                                                                   {ConfigKind::Models, "models"},
                                                                   {ConfigKind::Recipes, "recipes"},
                                                                   {ConfigKind::Gpus, "gpus"},
                                                                   {ConfigKind::Technologies, "technologies"},
                                                                   {ConfigKind::Machines, "machines"}});

/// In the order of ConfigKind; each in the order of names.
using ConfigList =
    std::variant<std::vector<config::ChipConfig>, std::vector<config::ModelConfig>, std::vector<config::BakeRecipe>,
                 std::vector<config::GpuSpec>, std::vector<config::TechConfig>, std::vector<config::ReferenceMachine>>;

/// Fails where a file among them is none.
base::Result<ConfigList> list_configs(ConfigKind kind, const Environment& environment);

}  // namespace kiln::study
