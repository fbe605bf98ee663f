// The kinds of config: one row each. A kind is a struct; its name is its folder under configs, what errors call it and KIND
// of `--set KIND:POINTER=VALUE`. A new kind gets a row and a name here, describe() (src/config/fields.hpp) and
// check_together() (src/config/checks.hpp); load.hpp, the command line's options and the session then know it.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <variant>

#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/chip_config.hpp"
#include "kiln/config/economics.hpp"
#include "kiln/config/gpu_spec.hpp"
#include "kiln/config/machine.hpp"
#include "kiln/config/model_config.hpp"
#include "kiln/config/tech_config.hpp"

namespace kiln::config {

/// A config of any kind.
using AnyConfig =
    std::variant<ChipConfig*, ModelConfig*, BakeRecipe*, GpuSpec*, TechConfig*, EconomicsConfig*, ReferenceMachine*>;

/// In the order of AnyConfig.
inline constexpr std::array<std::string_view, std::variant_size_v<AnyConfig>> kKindNames = {
    "chip", "model", "recipe", "gpu", "tech", "economics", "machine"};

/// The name of a config's kind.
template <class Config>
constexpr std::string_view kind_name() {
  return kKindNames[AnyConfig(static_cast<Config*>(nullptr)).index()];
}

static_assert(kind_name<ChipConfig>() == "chip" && kind_name<ModelConfig>() == "model" &&
              kind_name<BakeRecipe>() == "recipe" && kind_name<GpuSpec>() == "gpu" &&
              kind_name<TechConfig>() == "tech" && kind_name<EconomicsConfig>() == "economics" &&
              kind_name<ReferenceMachine>() == "machine");

}  // namespace kiln::config
