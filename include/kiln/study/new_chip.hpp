// A first chip for a model: the question of `kiln new`. A search over the sizes that set rate and area, by formulas
// (closed_point.hpp), the same on every host; the chip is written as a config that extends `base` and says why.
// docs/new-chip.md. Sentences of errors use the command's words for the parts of the question.
#pragma once

#include <cstdint>
#include <string>

#include "kiln/base/result.hpp"
#include "kiln/study/cost.hpp"
#include "kiln/study/inputs/environment.hpp"

namespace kiln::study {

inline constexpr const char* kFirstChip = "base";  ///< that new ones extend

struct NewChipQuestion {
  std::string model, recipe = "w3w6", node;  ///< a technology
  double area_mm2 = 0;                       ///< of a die, at most
  std::uint64_t dies = 1;
  std::uint64_t context = 2048;  ///< tokens that the KV cache holds; half of them a prompt in the rate that is sought
  std::string name;              ///< of the chip; one from model, node and area if there is none
};

struct NewChipAnswer {
  std::string file;          ///< the config, ready to be written
  CostAnswer cost;           ///< the chip at work, at the lengths of the search
  std::uint64_t points = 0;  ///< chips that were looked at
};

base::Status check(const NewChipQuestion& question);
/// Fails where no chip of that area can be found: the sentence says the smallest that was. The environment's overrides of
/// a chip have no effect, and are refused.
base::Result<NewChipAnswer> new_chip(const NewChipQuestion& question, Environment& environment);

}  // namespace kiln::study
