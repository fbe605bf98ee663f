// After the LM head's array and tree: the sampler keeps the k largest logits as they come and takes the largest, or
// draws one. docs/units/lm_head.md
#pragma once

#include "chip/timing/operation.hpp"
#include "kiln/program/activity.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::chip {

class Sampler {
 public:
  explicit Sampler(const program::Placement& placement);
  [[nodiscard]] OpTiming timing(bool greedy) const;
  void count(bool greedy, program::Activity& activity) const;

 private:
  OpTiming timing_;
  std::uint64_t logits_, draw_cycles_;
};

}  // namespace kiln::chip
