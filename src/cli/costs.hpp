// Area and energy of a run, for the commands that have one. Private to the cli module.
#pragma once

#include "cli/session.hpp"
#include "functional/functional_model.hpp"
#include "host/run.hpp"
#include "report/cost_report.hpp"

namespace kiln::cli {

/// Nothing for a chip that does not say what it is made of. `values`: of a functional run that counted switching.
base::Result<std::optional<report::ChipCost>> chip_cost(const Session& session, const program::Placement& placement,
                                                        const config::BakeRecipe& recipe, const host::RunResult& ran,
                                                        const functional::FunctionalModel* values = nullptr);

}  // namespace kiln::cli
