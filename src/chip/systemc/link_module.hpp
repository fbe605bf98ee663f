// The link as a SystemC channel: a burst is one event, or each beat is one. docs/units/link.md
#pragma once

#include <vector>

#include "chip/systemc/kernel.hpp"
#include "chip/timing/link.hpp"

namespace kiln::chip {

class LinkModule final : public Process, public Source {
 public:
  sc_core::sc_port<Sink> receiver{"receiver"};
  sc_core::sc_port<Producer> producer{"producer"};

  /// `into`: the stage of the receiving unit; null for links from and to the sequencer. `port` names the receiving port
  /// in the stall sequence.
  LinkModule(const sc_core::sc_module_name& name, RunState& state, const LinkSpec& spec, StageState* into,
             std::uint32_t port);
  BeatSchedule send(TokenInFlight& token, std::uint32_t op, const BeatSchedule& available) override;
  void push(TokenInFlight& token, std::uint32_t op, std::uint64_t beats) override;

 private:
  void wake(base::Cycles now) override;
  void step(base::Cycles now);
  void account(const TokenInFlight& token, std::uint32_t op, const LinkTransfer& transfer);

  const LinkSpec& spec_;
  StageState* into_;
  LinkTiming timing_;
  BeatLink registers_;
  /// Streams under way. Only links to the sequencer, of single beats, ever hold more than one: others lead into stages
  /// that are free.
  struct Stream {
    TokenInFlight* token;
    std::uint32_t op;
    std::uint64_t beats;
    LinkTransfer transfer;
  };
  std::vector<Stream> streams_;
  base::Cycles receiver_free_;  ///< bursts: after all that was sent so far
};

}  // namespace kiln::chip
