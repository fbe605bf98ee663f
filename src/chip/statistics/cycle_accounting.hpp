// What every unit did in every cycle, and the critical path, from the records of finished operations.
// docs/units/README.md. A stage's cycles count when its visit by a token is over, a token's path when it commits, so
// that a run that is interrupted still adds up.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "chip/statistics/token_in_flight.hpp"
#include "chip/timing/intervals.hpp"
#include "chip/timing/link.hpp"
#include "chip/timing/link_map.hpp"
#include "chip/timing/operation.hpp"
#include "kiln/chip/outcome.hpp"

namespace kiln::chip {

/// One stage's cycles: visit by visit.
class StageAccounting {
 public:
  explicit StageAccounting(const LinkMap& links) : links_(links) {}

  /// An operation of the token in the stage is over.
  void operation(const TokenInFlight& token, const OpRecord& record);
  /// KV SRAM: cycles in which words were read or written, and cycles that conflicts cost.
  void kv(std::uint64_t busy_cycles, std::uint64_t conflict_cycles);
  /// LoRA unit: cycles in which it worked beside an array.
  void lora(std::uint64_t busy_cycles);
  /// Beats on a link that leads to a unit of the stage.
  void transfer(const LinkSpec& link, const LinkTransfer& transfer);
  /// The token has left, the stage is free at `now`.
  void visit_over(base::Cycles now);
  /// Counters of the visit.
  [[nodiscard]] program::Activity& activity() { return activity_; }

  [[nodiscard]] const CycleTable& settled() const { return settled_; }
  [[nodiscard]] const program::Activity& settled_activity() const { return settled_activity_; }
  [[nodiscard]] const StageCycles& stage() const { return stage_; }
  [[nodiscard]] base::Cycles last_over() const { return last_over_; }

 private:
  void spend(program::Unit unit, CycleCategory category, std::uint64_t cycles);
  const LinkMap& links_;
  CycleTable pending_{}, settled_{};
  program::Activity activity_, settled_activity_;
  Intervals wire_;  ///< some beat is on some link
  std::optional<base::Cycles> entered_;
  StageCycles stage_;
  base::Cycles last_over_;
};

/// What belongs to no stage: sequencer, its links, host link; and the critical path of all tokens.
class CycleAccounting {
 public:
  /// `one_at_a_time`: a token's wait for the host is part of the path.
  /// `commit_cycles`: how long before a commit the sequencer has begun with it.
  CycleAccounting(const LinkMap& links, bool one_at_a_time, std::uint64_t commit_cycles);

  void issue(TokenInFlight& token, base::Cycles now);
  /// An operation of that token is over: its path has come to the operation's end.
  void operation(TokenInFlight& token, const OpRecord& record);
  /// The sequencer works in [first, last).
  void sequencer(base::Cycles first, base::Cycles last) { sequencer_.add(first, last); }
  void transfer(const LinkSpec& link, const LinkTransfer& transfer);
  void commit(const TokenInFlight& token, base::Cycles now);
  /// The last commit.
  [[nodiscard]] base::Cycles committed() const { return committed_; }

  /// Fills by_unit, by_stage, critical_path, critical_by_category, tokens and activity of a run of `total` cycles, and
  /// checks that all adds up.
  void close(base::Cycles total, base::Cycles host_wire, const program::Dataflow& dataflow,
             const std::vector<const StageAccounting*>& stages, RunOutcome& outcome);

 private:
  void path(TokenInFlight& token, program::Unit unit, CycleCategory category, std::uint64_t cycles) const;
  void close_path(base::Cycles total, RunOutcome& outcome);
  const LinkMap& links_;
  bool one_at_a_time_;
  std::uint64_t longest_back_;  ///< what is told at a commit, or later, began no longer before it
  CycleTable path_{};
  base::Cycles committed_;
  std::uint64_t in_flight_cycles_ = 0;  ///< of all tokens, from issue to commit
  Intervals sequencer_, wire_;
  std::uint64_t link_beats_ = 0;
  std::deque<TokenTiming> tokens_;
};

}  // namespace kiln::chip
