// A chip as silicon, and a run on it: area, transistors, clock paths, energy.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kiln/config/tech_config.hpp"
#include "kiln/cost/die.hpp"
#include "kiln/cost/energy.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::study {

struct Silicon {
  config::TechConfig tech;
  cost::Die die;
  std::vector<cost::ClockPath> paths;
};

struct ChipCost : Silicon {
  cost::Energy energy;
  std::optional<cost::Toggles> toggles;  ///< measured in the run; none: the technology's
};

/// Energy and power of one user's run that nobody simulates, for searches that judge thousands of chips: cycles by the
/// closed form, counts by the units' formulas. The same figures as of the run. At least one token of each kind, and as
/// many as the KV cache holds.
cost::Energy energy_by_formulas(const Silicon& silicon, const program::Placement& placement,
                                const config::BakeRecipe& recipe, std::uint64_t prompt_tokens,
                                std::uint64_t answer_tokens);

}  // namespace kiln::study
