// Attention unit: writes k and v, then scores, softmax and values over the tokens in the KV SRAM.
// docs/units/attention_unit.md
#pragma once

#include <cstdint>
#include <optional>

#include "chip/timing/kv_sram.hpp"
#include "chip/timing/operation.hpp"
#include "kiln/program/activity.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::chip {

class AttentionUnit {
 public:
  explicit AttentionUnit(const program::Placement& placement);
  /// Of a beat of k, v or q: its lane groups, or the writes of its words.
  [[nodiscard]] static std::uint64_t input_cycles(const program::Placement& placement);
  /// From the last beat in to the first read.
  [[nodiscard]] std::uint64_t start_delay() const;
  /// From the last sum of values to the first beat out.
  [[nodiscard]] std::uint64_t output_delay() const;
  /// Everything but the reads: what a context of `context` tokens costs beside them.
  [[nodiscard]] std::uint64_t fixed_cycles(std::uint64_t context) const;
  [[nodiscard]] std::uint64_t softmax_cycles(std::uint64_t context) const;
  /// With the reads of both phases, of which each costs `reads`.
  [[nodiscard]] OpTiming timing(std::uint64_t context, const ReadCost& reads) const;
  /// Cycles in which k and v are written.
  [[nodiscard]] std::uint64_t write_slots() const { return write_slots_; }
  void count(std::uint64_t context, const ReadCost& reads, program::Activity& activity) const;
  [[nodiscard]] const program::Placement& placement() const { return placement_; }

 private:
  const program::Placement& placement_;
  std::uint64_t input_cycles_, output_cycles_;  ///< of a beat
  std::uint64_t write_slots_;
};

/// One Attend, step by step: from the last beat in to the first beat out.
class AttentionSteps {
 public:
  AttentionSteps(const AttentionUnit& unit, std::uint64_t context, base::Cycles last_in);
  /// The next cycle at which something happens; done() when it is the first beat out.
  base::Cycles next();
  [[nodiscard]] bool done() const { return phase_ == Phase::Done; }
  [[nodiscard]] const ReadCost& cost() const { return reads_.cost(); }
  [[nodiscard]] std::uint64_t conflict_cycles() const { return conflict_cycles_; }

 private:
  enum class Phase { Scores, Values, Done };
  const AttentionUnit& unit_;
  std::uint64_t context_;
  base::Cycles now_;
  Phase phase_ = Phase::Scores;
  KvStepReads reads_;
  std::uint64_t conflict_cycles_ = 0;
};

}  // namespace kiln::chip
