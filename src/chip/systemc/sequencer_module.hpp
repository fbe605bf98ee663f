// Sequencer and host link as SystemC modules: prompts come in, tokens are issued to the first stage and commit after
// the last one, answers go out.
#pragma once

#include <list>
#include <memory>
#include <queue>
#include <vector>

#include "chip/systemc/kernel.hpp"
#include "chip/timing/host_link.hpp"
#include "chip/timing/sequencer.hpp"

namespace kiln::chip {

class SequencerModule;

class HostLinkModule final : public Process {
 public:
  HostLinkModule(const sc_core::sc_module_name& name, RunState& state)
      : Process(name, state, state.queue), core_(state.placement.chip().host, state.request.users) {}
  void bind(SequencerModule& sequencer) { sequencer_ = &sequencer; }
  /// An answer token leaves for the host.
  void send(const TokenInFlight& token);
  [[nodiscard]] HostLink& core() { return core_; }

 private:
  void start_of_simulation() override;
  void wake(base::Cycles now) override;
  HostLink core_;
  SequencerModule* sequencer_ = nullptr;
};

/// Its decisions for a cycle are worked out in the next one, when all that happened in it has been told. That is in
/// time, for an issue takes a cycle at least.
class SequencerModule final : public Process, public Sink, public Producer, public CreditReceiver {
 public:
  sc_core::sc_port<Source> embedding{"embedding"};
  SequencerModule(const sc_core::sc_module_name& name, RunState& state, HostLinkModule& host);

  void prompt_arrived(std::uint32_t user);
  void stage_freed(base::Cycles at) override;
  [[nodiscard]] bool ready() const override { return false; }
  void take_burst(TokenInFlight& token, std::uint32_t op, const BeatSchedule& pops) override;
  void take_beat(TokenInFlight& token, std::uint32_t op) override;
  void beat_departed() override {}

  /// Where one stage is all, its visits end with the commit.
  void owns(StageState& only_stage) { only_stage_ = &only_stage; }
  [[nodiscard]] const Sequencer& core() const { return core_; }

 private:
  void wake(base::Cycles now) override;
  void decide(base::Cycles cycle);
  void issue(const Sequencer::Token& next, base::Cycles cycle);
  void commit(TokenInFlight& token, base::Cycles now);
  void answer(const TokenInFlight& token, std::optional<base::TokenId> id);
  void next_wake();

  Sequencer core_;
  HostLinkModule& host_;
  StageState* only_stage_ = nullptr;
  std::list<TokenInFlight> tokens_;  ///< on their way; those that are done are used again
  std::vector<TokenInFlight*> unused_;
  std::priority_queue<base::Cycles, std::vector<base::Cycles>, std::greater<>> decisions_;  ///< cycles to decide for
  std::deque<std::pair<base::Cycles, TokenInFlight*>> commits_;  ///< results that arrived, by the end of their commit
  std::optional<std::pair<base::Cycles, TokenInFlight*>> issuing_;  ///< single beats: when its beat is available
  std::uint64_t done_ = 0, expected_ = 0;                           ///< tokens through the chip
};

}  // namespace kiln::chip
