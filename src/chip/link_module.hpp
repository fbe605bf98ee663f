// The link as a SystemC channel: a burst is one event, or each beat is one. docs/units/link.md
#pragma once

#include <optional>

#include "chip/kernel.hpp"
#include "chip/link.hpp"

namespace kiln::chip {

class LinkModule final : public Process, public Source {
 public:
  sc_core::sc_port<Sink> receiver{"receiver"};
  sc_core::sc_port<Producer> producer{"producer"};

  /// `index`: of the link in the LinkMap; names the receiving port in the stall sequence.
  LinkModule(const sc_core::sc_module_name& name, RunState& state, std::size_t index);
  Burst send(std::uint32_t op, const Burst& available) override;
  void push(std::uint32_t op, std::uint64_t beats) override;

 private:
  void wake(base::Cycles now) override;
  void step(base::Cycles now);

  std::size_t index_;
  LinkTiming timing_;
  BeatLink registers_;
  std::optional<Passage> passage_;  ///< of the stream under way
  std::uint32_t op_ = 0;
  std::uint64_t beats_ = 0;
};

}  // namespace kiln::chip
