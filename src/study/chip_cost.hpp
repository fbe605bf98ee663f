// A chip as silicon, and the energy of a run on it, for the questions that have one. Private to the study module.
#pragma once

#include "functional/functional_model.hpp"
#include "host/run.hpp"
#include "kiln/config/catalogue.hpp"
#include "kiln/study/chip_cost.hpp"
#include "study/place.hpp"

namespace kiln::study {

/// Nothing for a chip without /silicon. The die of `placed` is taken if it is there: a floorplan is made once.
base::Result<std::optional<Silicon>> silicon(const config::Catalogue& configs, Placed placed,
                                             const config::BakeRecipe& recipe);
/// Of a run with at least one token. `values`: of a functional run that counted switching.
ChipCost chip_cost(Silicon silicon, const program::Placement& placement, const config::BakeRecipe& recipe,
                   const host::RunResult& ran, const functional::FunctionalModel* values = nullptr);

}  // namespace kiln::study
