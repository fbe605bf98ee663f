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

}  // namespace kiln::study
