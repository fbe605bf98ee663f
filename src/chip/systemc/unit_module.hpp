// What all units' modules have in common: one operation at a time, taken from links and sent to links, in bursts or
// beat by beat. A unit adds how its operations run (timing) and what they count.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>

#include "chip/systemc/kernel.hpp"
#include "chip/timing/operation.hpp"

namespace kiln::chip {

class UnitModule : public Process, public Sink, public Producer {
 public:
  UnitModule(const sc_core::sc_module_name& name, StageState& stage, program::Unit unit);
  /// The link to the unit `to`.
  sc_core::sc_port<Source>& output(program::Unit to);

  [[nodiscard]] bool ready() const final { return !operation_.has_value(); }
  void take_burst(TokenInFlight& token, std::uint32_t op, const BeatSchedule& pops) final;
  void take_beat(TokenInFlight& token, std::uint32_t op) final;
  void beat_departed() final;

 protected:
  /// How operation `index` of this token runs.
  virtual OpTiming timing(const TokenInFlight& token, std::uint32_t index) = 0;
  /// It is over: counters, and what the unit does next. The unit is free.
  virtual void closed(TokenInFlight& token, const OpRecord& record) = 0;
  /// Single beats: all beats in of an operation with a barrier are taken. Emits the results.
  virtual void all_taken();
  void wake(base::Cycles now) override;

  /// Begins an operation that nothing streams into; it had to wait for leave since `asked`.
  void start(TokenInFlight& token, std::uint32_t index, base::Cycles asked);
  /// Single beats: the beat out or the result at `at`.
  void emit_at(base::Cycles at);
  Operation& operation() { return *operation_; }
  TokenInFlight& token() { return *token_; }
  StageState& stage_;

 private:
  void begin(TokenInFlight& token, std::uint32_t index);
  [[nodiscard]] bool wanted(const LinkSpec& link) const;
  void emit(base::Cycles now);
  void follow(const BeatSchedule& out);
  void end();
  void close();
  sc_core::sc_port<Source>& next_link();

  std::array<std::unique_ptr<sc_core::sc_port<Source>>, program::kUnits> outputs_;
  std::optional<Operation> operation_;
  TokenInFlight* token_ = nullptr;  ///< whose operation it is
  std::deque<base::Cycles> due_;    ///< single beats: when results are there
};

}  // namespace kiln::chip
