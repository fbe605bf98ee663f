// What a search for a chip has to know of a sketch: its closed point, and what that does not say. Private to the study
// module.
#pragma once

#include <cstdint>
#include <string>

#include "kiln/study/closed_point.hpp"
#include "study/chip_sketch.hpp"

namespace kiln::study {

struct SearchQuestion {
  const config::ModelConfig& model;
  const config::BakeRecipe& recipe;
  const config::TechConfig& tech;
  const config::ChipConfig& base;
  double area_mm2 = 0;
  std::uint64_t context = 2048;
};

/// What a search has to know of a closed point.
struct ChipFacts {
  double area_mm2 = 0;           ///< of a die, typical
  double lm_head_mm2 = 0;        ///< of it
  double tokens_per_s_user = 0;  ///< half of the context as the prompt
  std::uint64_t kv_tokens = 0;   ///< that the KV cache holds
  double loops_mhz = 0;          ///< the highest clock at which the paths are met that no number of cycles mends
  std::string loop;              ///< the slowest of them
  bool sound = false;            ///< nothing but its area may be against it
  bool buildable = false;
  double cooled_mhz = 0;  ///< the clock at which its power can about be cooled away
};

/// Fails as closed_point() does.
base::Result<ChipFacts> facts_of(const SearchQuestion& question, const ChipSketch& sketch);

}  // namespace kiln::study
