// A chip at work, as `kiln run` and `kiln cost` both answer: what ran and how fast, what a chip costs, GPUs beside it, and
// whether it can be built. One design point, whichever command asked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kiln/config/bake_recipe.hpp"
#include "kiln/cost/money.hpp"
#include "kiln/host/run_result.hpp"
#include "kiln/program/placement.hpp"
#include "kiln/study/accuracy.hpp"
#include "kiln/study/chip_cost.hpp"
#include "kiln/study/gpus.hpp"
#include "kiln/study/limits.hpp"
#include "kiln/study/verdict.hpp"

namespace kiln::study {

/// Machines that share the one-off costs of a model where the question says nothing.
inline constexpr std::uint64_t kMachines = 1000;
inline constexpr const char* kEconomics = "default";  ///< likewise

/// KV SRAM of all layers.
struct KvBytes {
  std::uint64_t capacity = 0;
  std::uint64_t per_token = 0;
};

struct ChipMoney {
  cost::DieCost die;
  cost::CardCost card;
  cost::OneOffCost first_chip, new_model;
  cost::TokenCost tokens;  ///< of a new model, at the economics' utilisation, its one-off costs on `machines`
  double machines = 1;
  base::Range utilisation, months;  ///< of the economics: share of time in use, time until cards are written off
};

struct DesignPoint {
  DesignPoint(program::Placement placed, config::BakeRecipe baked, host::RunResult ran)
      : placement(std::move(placed)), recipe(std::move(baked)), result(std::move(ran)) {
    if (!placement.dataflow().has(program::Unit::Lora)) accuracy = measured_accuracy(placement.model().name, recipe);
  }

  program::Placement placement;
  config::BakeRecipe recipe;
  host::RunResult result;
  std::size_t prompt_tokens = 0;  ///< of all users
  KvBytes kv;
  std::optional<Accuracy> accuracy;  ///< of the recipe; none: not known
  BaselineRows baseline;             ///< as many users as the chip had at a time
  std::string economics;             ///< empty: the chip has no /silicon
  std::optional<ChipMoney> money;    ///< none: no wafer holds the die, or the chip has no /silicon
  std::string no_money;              ///< why, where there are economics: a sentence
  Verdict verdict;
  std::optional<Limits> limits;  ///< none where limits() has none
  std::vector<std::string> warnings;
};

}  // namespace kiln::study
