// What a chip costs: area, power, yield, price, and when baking a model is cheaper than renting GPUs: the question of
// `kiln cost`. Sentences of errors use the command's words for the parts of the question.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kiln/base/result.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/cost/break_even.hpp"
#include "kiln/cost/money.hpp"
#include "kiln/host/run_result.hpp"
#include "kiln/program/placement.hpp"
#include "kiln/study/chip_cost.hpp"
#include "kiln/study/inputs/environment.hpp"

namespace kiln::study {

struct CostQuestion {
  std::string chip, model, recipe = "w3w6", economics = "default";
  // The run for energy and rates; as many tokens as the KV cache holds where it holds fewer.
  std::uint64_t prompt_tokens = 1024, new_tokens = 1024, users = 1;
  std::uint64_t machines = 1000;  ///< that share the one-off costs of a model
  bool break_even = false;
  std::vector<std::string> gpus;  ///< to break even against, or "all" with a price; h100-sxm and b200 if there are none
  std::uint64_t gpu_batch = 64;   ///< users at a time on a GPU
};

struct ChipMoney {
  cost::DieCost die;
  cost::CardCost card;
  cost::OneOffCost first_chip, new_model;
  cost::TokenCost tokens;  ///< of a new model, at the economics' utilisation, its one-off costs on `machines`
  double machines = 1;
  base::Range utilisation, months;  ///< of the economics: share of time in use, time until cards are written off
};

struct AgainstGpu {
  std::string gpu, basis;  ///< "fp8, 64 users at a time, 1024 tokens in and 1024 out"
  cost::BreakEvenQuestion question;
  cost::BreakEven answer;
};

struct CostAnswer {
  CostAnswer(program::Placement placed, config::BakeRecipe baked, ChipCost costs)
      : placement(std::move(placed)), recipe(std::move(baked)), chip(std::move(costs)) {}

  program::Placement placement;
  config::BakeRecipe recipe;
  ChipCost chip;
  // The run that gives energy and rates.
  std::uint64_t prompt_tokens = 0, answer_tokens = 0, users = 1;
  std::optional<double> tokens_per_s_user;
  double tokens_per_s_total = 0;   ///< answer tokens of all users over the run, prompts included
  std::optional<ChipMoney> money;  ///< none: no wafer holds the die
  std::string no_money;            ///< why, then: a sentence
  std::string economics;
  std::vector<AgainstGpu> break_even;  ///< empty if not asked for
  std::vector<std::string> warnings;
};

/// What of the question is wrong in itself, before a file is opened.
base::Status check(const CostQuestion& question);
/// Fails as check() does, where a config is not what the question says, a chip without /silicon, and when interrupted.
base::Result<CostAnswer> cost(const CostQuestion& question, Environment& environment);

}  // namespace kiln::study
