// A design point without a simulation: rates, energy, area and verdict of one user's run from the closed form and the
// cost model, in milliseconds. For whatever asks thousands of times: searches, sweeps, what one more of each would buy.
// The figures are those of `kiln cost` for the same question; tests hold them equal.
#pragma once

#include "kiln/base/result.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/program/placement.hpp"
#include "kiln/study/verdict.hpp"

namespace kiln::study {

/// What a closed point is of.
struct ClosedQuestion {
  const config::ModelConfig& model;
  const config::BakeRecipe& recipe;
  const config::TechConfig& tech;  ///< of the chip's silicon
  std::uint64_t prompt_tokens = 1024, answer_tokens = 1024;
};

struct ClosedPoint {
  program::Placement placement;
  ChipCost chip;
  Verdict verdict;
  base::Cycles total;                                         ///< of the run
  std::array<base::Cycles, program::kUnits> critical_path{};  ///< with one stage: adds up to `total`; else zeros
  double tokens_per_s_user = 0, tokens_per_s_total = 0;
  double ttft_us = 0;
};

/// Fails where `chip` has no /silicon, cannot be placed, or has a KV cache for fewer tokens than are asked for.
/// `answer_tokens` is at least 2.
base::Result<ClosedPoint> closed_point(const config::ChipConfig& chip, const ClosedQuestion& question);

}  // namespace kiln::study
