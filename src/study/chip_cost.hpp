// Area and energy of a run, for the questions that have one. Private to the study module.
#pragma once

#include "functional/functional_model.hpp"
#include "host/run.hpp"
#include "kiln/config/catalogue.hpp"
#include "kiln/study/chip_cost.hpp"

namespace kiln::study {

/// Nothing for a chip without /silicon. `values`: of a functional run that counted switching.
base::Result<std::optional<ChipCost>> chip_cost(const config::Catalogue& configs, const program::Placement& placement,
                                                const config::BakeRecipe& recipe, const host::RunResult& ran,
                                                const functional::FunctionalModel* values = nullptr);

}  // namespace kiln::study
