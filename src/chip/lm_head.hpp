// Behind the LM head's array and tree: the sampler takes the index of the largest logit. docs/units/lm_head.md
#pragma once

#include "chip/operation.hpp"
#include "kiln/chip/chip.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::chip {

class Sampler {
 public:
  explicit Sampler(const program::Placement& placement);
  [[nodiscard]] OpTiming timing() const { return timing_; }
  void count(Activity& activity) const { activity.logits_compared += logits_; }

 private:
  OpTiming timing_;
  std::uint64_t logits_;
};

}  // namespace kiln::chip
