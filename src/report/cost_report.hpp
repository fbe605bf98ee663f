// What `kiln cost` says, and what a run says of area, energy and power. docs/report.md explains every key.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kiln/cost/break_even.hpp"
#include "kiln/cost/die.hpp"
#include "kiln/cost/energy.hpp"
#include "kiln/cost/money.hpp"

namespace kiln::report {

/// A chip as silicon, and a run on it.
struct ChipCost {
  config::TechConfig tech;
  cost::Die die;
  std::vector<cost::ClockPath> paths;
  cost::Energy energy;
  std::optional<cost::Toggles> toggles;  ///< measured in the run; none: the technology's
};

struct ChipMoney {
  cost::DieCost die;
  cost::CardCost card;
  cost::OneOffCost first_chip, new_model;
  cost::TokenCost tokens;  ///< of a new model, at the economics' utilisation, its one-off costs on `machines`
  double machines = 1;
  base::Range utilisation, months;  ///< of the economics: share of time in use, time until cards are written off
};

struct CostReport {
  CostReport(const program::Placement& placed, const config::BakeRecipe& baked, const ChipCost& costs)
      : placement(placed), recipe(baked), chip(costs) {}

  const program::Placement& placement;
  const config::BakeRecipe& recipe;
  const ChipCost& chip;
  // The run behind energy and rates.
  std::uint64_t prompt_tokens = 0, answer_tokens = 0, users = 1;
  std::optional<double> tokens_per_s_user;
  double tokens_per_s_total = 0;   ///< answer tokens of all users over the run, prompts included
  std::optional<ChipMoney> money;  ///< none: no wafer holds the die
  std::string no_money;            ///< why, then: a sentence
  std::string economics;
  struct AgainstGpu {
    std::string gpu, basis;  ///< "fp8, batch 64, 1,535 tokens of context"
    cost::BreakEvenQuestion question;
    cost::BreakEven answer;
  };
  std::vector<AgainstGpu> break_even;  ///< empty where nobody asked
};

std::string cost_json(const CostReport& report);
std::string cost_text(const CostReport& report);

}  // namespace kiln::report
