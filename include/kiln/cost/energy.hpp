// Energy of a run from what its units counted: operations times the transistors of the circuit that does them, bytes
// read, bits over millimetres, and what leaks and ticks meanwhile. docs/cost.md has the formulas.
#pragma once

#include <string>
#include <vector>

#include "kiln/cost/die.hpp"
#include "kiln/program/activity.hpp"

namespace kiln::cost {

/// How often a bit of the data changes from one operation to the next, measured in a functional run.
struct Toggles {
  double activations = 0.5;  ///< bits of the INT8 codes that enter the arrays
  double products = 0.5;     ///< bits of the products that the weights select
};

struct RunFigures {
  program::Activity activity;
  std::uint64_t cycles = 0;
  std::uint64_t tokens = 0;         ///< through the chip, prompt and answer; at least 1
  std::uint64_t logits_tokens = 0;  ///< of them with logits
  std::optional<Toggles> toggles;   ///< none: the technology's toggle_rate
};

struct EnergyPart {
  std::string what;
  base::Range mj_per_token;
};

struct Energy {
  std::vector<EnergyPart> parts;  ///< they add up
  base::Range mj_per_token;       ///< of all tokens through the chip alike; all chips
  base::Range power_w;            ///< mj_per_token times tokens over the run's time
};

Energy energy(const program::Placement& placement, const config::BakeRecipe& recipe, const config::TechConfig& tech,
              const Die& die, const RunFigures& run);

}  // namespace kiln::cost
