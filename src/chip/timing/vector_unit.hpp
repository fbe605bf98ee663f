// Vector unit: residual, RMSNorm, RoPE, SiLU, Hadamard, quantise; `lanes` elements a cycle. docs/units/vector_unit.md
#pragma once

#include <cstdint>

#include "chip/timing/operation.hpp"
#include "kiln/program/activity.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::chip {

class VectorUnit {
 public:
  explicit VectorUnit(const program::Placement& placement);
  /// Cycles for a beat.
  [[nodiscard]] std::uint64_t beat_cycles() const { return beat_cycles_; }
  /// The residual leaves for the next stage; over a link between chips no faster than that link's bytes allow.
  [[nodiscard]] OpTiming send_timing(bool between_chips) const;
  /// `ends_token`: the last residual of a token without logits; its completion is reported to the sequencer.
  [[nodiscard]] OpTiming timing(program::OpKind kind, bool ends_token) const;
  void count(const program::Op& op, program::Activity& activity) const;

 private:
  config::VectorConfig vector_;
  std::uint64_t beat_cycles_;
  std::uint64_t wire_cycles_;  ///< of a beat of the residual between chips
  std::uint64_t hidden_beats_, q_beats_, qkv_beats_, ffn_beats_;
};

}  // namespace kiln::chip
