// The only header that brings SystemC in: interfaces of the channels between units, and the process that all modules
// share. One tick of sc_time is one cycle. Processes are methods that sleep until the next cycle at which something
// happens.
#pragma once

#include <cstdint>
#include <exception>
#include <systemc>

#include "chip/accounts.hpp"
#include "chip/burst.hpp"
#include "kiln/chip/chip.hpp"

namespace kiln::chip {

/// What all modules of one run share.
struct RunState {
  RunState(const program::Placement& p, const RunRequest& r, const LinkMap& l)
      : placement(p), request(r), links(l), accounts(l) {}
  const program::Placement& placement;
  const RunRequest& request;
  const LinkMap& links;
  Accounts accounts;
  const std::vector<program::Op>* ops = nullptr;  ///< of the token in the chip
  base::TokenPos position;
  std::uint64_t kernel_events = 0;
  bool halted = false;  ///< nothing more happens: the run is over, was interrupted, or failed
  bool interrupted = false;
  std::exception_ptr failure;

  [[nodiscard]] const program::Op& op(std::uint32_t index) const { return (*ops)[index]; }
  [[nodiscard]] bool beats() const { return request.movement == Movement::Beats; }
  /// The values of an operation that has ended.
  void execute(const program::Op& operation);
  void report(const OpRecord& record) const;
};

/// Receives streams: what a link calls at its receiver.
class Sink : public virtual sc_core::sc_interface {
 public:
  /// At the first beat: the operation and the cycles at which all its beats are taken.
  virtual void take_burst(std::uint32_t op, const Burst& pops) = 0;
  virtual void take_beat(std::uint32_t op) = 0;
};

/// Told when its beats leave (single beats).
class Producer : public virtual sc_core::sc_interface {
 public:
  virtual void beat_left() = 0;
};

/// Sends streams: what a producer calls at a link. `op` is the receiving operation.
class Source : public virtual sc_core::sc_interface {
 public:
  /// Announces a burst; returns when its beats leave.
  virtual Burst send(std::uint32_t op, const Burst& available) = 0;
  /// One of the `beats` beats of a stream is available now.
  virtual void push(std::uint32_t op, std::uint64_t beats) = 0;
};

/// A module with one process, woken at the cycles it asked for.
class Process : public sc_core::sc_module {
 protected:
  SC_HAS_PROCESS(Process);
  Process(const sc_core::sc_module_name& name, RunState& state);
  virtual void wake(base::Cycles now) = 0;
  /// Asks to be woken at `at` (this cycle: in its next delta). The earliest of several wishes holds.
  void wake_at(base::Cycles at);
  [[nodiscard]] static base::Cycles now() { return base::Cycles(sc_core::sc_time_stamp().value()); }
  RunState& state_;

 private:
  void run();
  sc_core::sc_event event_;
};

}  // namespace kiln::chip
