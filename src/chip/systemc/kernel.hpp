// The only header that brings SystemC in: interfaces of the channels between units, and the process that all modules
// share. One tick of sc_time is one cycle. Processes are methods that sleep until the next cycle at which something
// happens.
#pragma once

#include <cstdint>
#include <exception>
#include <systemc>

#include "chip/statistics/cycle_accounting.hpp"
#include "chip/statistics/token_in_flight.hpp"
#include "chip/statistics/trace_spans.hpp"
#include "chip/systemc/chip.hpp"
#include "chip/timing/beat_schedule.hpp"
#include "chip/timing/kv_sram.hpp"

namespace kiln::chip {

struct RunState;
class Process;

/// Wakes the processes of one stage, or of what belongs to none. It alone has an event of the kernel's: with a
/// periphery a layer, hundreds of events in the kernel's queue, each with memory of its own, cost more than a look at
/// the few wishes of a stage.
class EventQueue : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(EventQueue);
  EventQueue(const sc_core::sc_module_name& name, RunState& state);
  /// A process' earliest wake holds. What is to be woken in one cycle is woken in any order.
  void wake_at(Process& process, base::Cycles at);

 private:
  void run();
  struct Wake {
    std::uint64_t at;
    Process* process;
  };
  RunState& state_;
  std::vector<Wake> wakes_;  ///< one a process at most: few at a time
  std::uint64_t asked_;      ///< of the kernel
  bool running_ = false;
  sc_core::sc_event event_;
};

/// What all modules of one run share.
struct RunState {
  RunState(const program::Placement& p, const RunRequest& r, const LinkMap& l)
      : placement(p),
        request(r),
        links(l),
        accounting(l, p.dataflow().stages().size() == 1),
        kv_reads(p),
        spans(r.on_span, p.dataflow()),
        queue("queue", *this) {}
  const program::Placement& placement;
  const RunRequest& request;
  const LinkMap& links;
  CycleAccounting accounting;
  KvReads kv_reads;  ///< the same for every stage
  TraceSpans spans;
  std::uint64_t kernel_events = 0;
  bool halted = false;  ///< nothing more happens: the run is over, was interrupted, or failed
  bool interrupted = false;
  std::exception_ptr failure;
  EventQueue queue;  ///< of what belongs to no stage

  [[nodiscard]] bool beats() const { return request.transfer_mode == TransferMode::Beats; }
  /// The values of an operation that has ended.
  void execute(const TokenInFlight& token, const program::Op& operation);
  void report(const TokenInFlight& token, const OpRecord& record) const;
};

/// Told when the token in a stage has left it.
class CreditReceiver {
 public:
  virtual ~CreditReceiver() = default;
  virtual void stage_freed(base::Cycles at) = 0;
};

/// One stage: what its units share.
struct StageState {
  StageState(RunState& state, std::uint32_t number);
  RunState& run;
  std::uint32_t index;
  StageAccounting accounting;
  EventQueue queue;
  CreditReceiver* before = nullptr;  ///< who may send the next token; told in the cycle of free(), before `at`
  /// The token will have left at `at`, which may be later than now.
  void free(base::Cycles at);
};

/// Receives streams: what a link calls at its receiver.
class Sink : public virtual sc_core::sc_interface {
 public:
  /// Whether it may be told of a burst before the first beat is there: nothing else is under way in it.
  [[nodiscard]] virtual bool ready() const = 0;
  /// At the first beat, or before if ready(): the token's operation and the cycles at which all its beats are taken.
  virtual void take_burst(TokenInFlight& token, std::uint32_t op, const BeatSchedule& pops) = 0;
  virtual void take_beat(TokenInFlight& token, std::uint32_t op) = 0;
};

/// Told when its beats leave (single beats).
class Producer : public virtual sc_core::sc_interface {
 public:
  virtual void beat_departed() = 0;
};

/// Sends streams: what a producer calls at a link. `op` is the receiving operation.
class Source : public virtual sc_core::sc_interface {
 public:
  /// Announces a burst; returns when its beats leave.
  virtual BeatSchedule send(TokenInFlight& token, std::uint32_t op, const BeatSchedule& available) = 0;
  /// One of the `beats` beats of a stream is available now.
  virtual void push(TokenInFlight& token, std::uint32_t op, std::uint64_t beats) = 0;
};

/// A module that is woken at the cycles it asked for.
class Process : public sc_core::sc_module {
 protected:
  Process(const sc_core::sc_module_name& name, RunState& state, EventQueue& queue);
  virtual void wake(base::Cycles now) = 0;
  /// Asks to be woken at `at` (this cycle: in its next delta). The earliest of several wishes holds.
  void wake_at(base::Cycles at);
  [[nodiscard]] static base::Cycles now() { return base::Cycles(sc_core::sc_time_stamp().value()); }
  RunState& state_;

 private:
  friend class EventQueue;
  EventQueue& queue_;
};

}  // namespace kiln::chip
