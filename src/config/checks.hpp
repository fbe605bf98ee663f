// What no single key of a config can tell: called only when every key was fine. Private to the config module.
#pragma once

#include "config/errors.hpp"
#include "kiln/config/kinds.hpp"

namespace kiln::config {

void check_together(const ChipConfig& chip, Errors& errors);
void check_together(const ModelConfig& model, Errors& errors);
void check_together(const BakeRecipe& recipe, Errors& errors);
void check_together(const GpuSpec& gpu, Errors& errors);
void check_together(const ReferenceMachine& machine, Errors& errors);
void check_together(const TechConfig& tech, Errors& errors);
void check_together(const EconomicsConfig& economics, Errors& errors);

}  // namespace kiln::config
