// Embedding ROM: one row read a token. docs/units/embedding_rom.md
#pragma once

#include "chip/timing/operation.hpp"
#include "kiln/program/activity.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::chip {

class EmbeddingRom {
 public:
  explicit EmbeddingRom(const program::Placement& placement);
  [[nodiscard]] OpTiming timing() const { return timing_; }
  void count(program::Activity& activity) const { activity.embedding_reads += elements_; }

 private:
  OpTiming timing_;
  std::uint64_t elements_;
};

}  // namespace kiln::chip
