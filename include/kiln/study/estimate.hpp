// A design point by formulas alone, for searches that ask thousands of times: area, paths, links and KV cache as every
// answer has them, the rate of one user from the closed form, no run and so no energy: power is not judged.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kiln/base/result.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/chip_config.hpp"
#include "kiln/config/model_config.hpp"
#include "kiln/config/tech_config.hpp"
#include "kiln/study/verdict.hpp"

namespace kiln::study {

struct Estimate {
  config::ChipConfig chip;       ///< with a number for everything that was `auto`
  double area_mm2 = 0;           ///< of a die, typical
  double lm_head_mm2 = 0;        ///< of it
  double tokens_per_s_user = 0;  ///< of one user, at the question's lengths; 0 where the KV cache does not hold them
  double cycles_per_token = 0;
  std::uint64_t kv_tokens = 0;  ///< that the KV cache holds
  double loops_mhz = 0;         ///< the highest clock at which the paths are met that no number of cycles mends
  std::string loop;             ///< the slowest of them
  std::vector<Reason> reasons;  ///< why it cannot be built; power is not among them
  [[nodiscard]] bool buildable() const { return reasons.empty(); }
};

struct EstimateQuestion {
  const config::ModelConfig& model;
  const config::BakeRecipe& recipe;
  const config::TechConfig& tech;  ///< of the chip's silicon, whatever name the chip gives
  std::uint64_t prompt_tokens = 1024, new_tokens = 1024;
};

/// Fails where the chip cannot be placed, or what is `auto` does not settle. `near`: as cost::settle() has it.
base::Result<Estimate> estimate(const EstimateQuestion& question, const config::ChipConfig& chip,
                                const config::ChipConfig* near = nullptr);

}  // namespace kiln::study
