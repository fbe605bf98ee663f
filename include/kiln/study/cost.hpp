// What a chip costs: area, power, yield, price, and when baking a model is cheaper than renting GPUs: the question of
// `kiln cost`. Sentences of errors use the command's words for the parts of the question.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kiln/base/result.hpp"
#include "kiln/cost/break_even.hpp"
#include "kiln/study/design_point.hpp"
#include "kiln/study/inputs/environment.hpp"
#include "kiln/study/layer_timeline.hpp"

namespace kiln::study {

struct CostQuestion {
  std::string chip, model, recipe = "w3w6", economics = kEconomics;
  // The run for energy and rates.
  std::uint64_t prompt_tokens = 1024, new_tokens = 1024, users = 1;
  bool shorten = false;  ///< as many tokens as the KV cache holds where it holds fewer; else such a question is refused
  std::uint64_t machines = kMachines;  ///< that share the one-off costs of a model
  bool limits = false;                 ///< what would help: up to 24 closed points more
  bool timeline = false;               ///< of a layer, for an answer token at the mean context
  bool break_even = false;
  std::vector<std::string> gpus;  ///< to break even against, or "all" with a price; h100-sxm and b200 if there are none
  std::uint64_t gpu_batch = 64;   ///< users at a time on a GPU
};

struct AgainstGpu {
  std::string gpu, basis;  ///< "fp8, 64 users at a time, 1024 tokens in and 1024 out"
  cost::BreakEvenQuestion question;
  cost::BreakEven answer;
};

/// Of every user.
struct Lengths {
  std::uint64_t prompt_tokens = 0, answer_tokens = 0;
  bool operator==(const Lengths&) const = default;
};

/// A design point, on a timing-only run.
struct CostAnswer : DesignPoint {
  CostAnswer(DesignPoint point, ChipCost costs) : DesignPoint(std::move(point)), chip(std::move(costs)) {}

  ChipCost chip;
  Lengths lengths;
  std::optional<Lengths> shortened_from;  ///< what was asked for, where the KV cache holds fewer
  std::uint64_t users = 1;
  std::optional<LayerTimeline> timeline;  ///< if asked for
  std::vector<AgainstGpu> break_even;     ///< empty if not asked for
};

/// What of the question is wrong in itself, before a file is opened.
base::Status check(const CostQuestion& question);
/// Fails as check() does, where a config is not what the question says, a chip without /silicon, a KV cache that is too
/// small for the tokens, and when interrupted. A simulation that the closed form contradicts is no failure here: it is in
/// result.mismatch, and no figure of the answer is good then.
base::Result<CostAnswer> cost(const CostQuestion& question, Environment& environment);
/// The same with configs that are loaded already, or in no file: their names in the question are not read.
base::Result<CostAnswer> cost(const CostQuestion& question, const config::ChipConfig& chip,
                              const config::ModelConfig& model, const config::BakeRecipe& recipe,
                              Environment& environment);

}  // namespace kiln::study
