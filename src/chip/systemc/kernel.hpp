// The only header that includes SystemC: interfaces of the channels between units, and the process that all modules
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

/// Ahead: a stage runs on in its own time until nothing of it is left to do (temporal decoupling), in one kernel event
/// instead of one for each of its cycles. What it tells others carries its cycle, and none of them acts on it before the
/// kernel's time is there: a token's way is first in, first out, a credit says from when on it holds, the sequencer
/// decides on what happened up to a cycle. So no event's cycle depends on it; the order of calls of different stages
/// does, which only traces show.
enum class Pace { InStep, Ahead };

/// Wakes the processes of one stage, or those outside all stages. It alone has a kernel event: with a periphery per
/// layer, hundreds of events in the kernel's queue, each with its own memory, cost more than a search through the few
/// requests of a stage.
class EventQueue : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(EventQueue);
  EventQueue(const sc_core::sc_module_name& name, RunState& state, Pace pace);
  /// A process' earliest request counts. Processes of one cycle are woken in any order.
  void wake_at(Process& process, base::Cycles at);

 private:
  void run();
  struct Wake {
    std::uint64_t at;
    Process* process;
  };
  RunState& state_;
  Pace pace_;
  std::vector<Wake> wakes_;  ///< at most one per process: few at a time
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
        accounting(l, p.dataflow().stages().size() == 1, p.chip().sequencer.commit_cycles),
        kv_reads(p),
        spans(r.on_span, p.dataflow()),
        queue("queue", *this, Pace::InStep) {}
  const program::Placement& placement;
  const RunRequest& request;
  const LinkMap& links;
  CycleAccounting accounting;
  KvReads kv_reads;  ///< the same for every stage
  TraceSpans spans;
  base::Cycles now;     ///< of the process that runs: the kernel's, or its stage's, which may be ahead
  bool waking = false;  ///< a process runs that a queue woke; others, as a link's clock, are in the kernel's time
  std::uint64_t kernel_events = 0;
  bool halted = false;  ///< nothing more happens: the run is over, was interrupted, or failed
  bool interrupted = false;
  std::exception_ptr failure;
  EventQueue queue;  ///< of processes outside all stages

  /// Of stages: the spans of a trace come in order of time, and single beats meet in the links between stages.
  [[nodiscard]] Pace pace() const { return beats() || spans.on() ? Pace::InStep : Pace::Ahead; }
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
  /// Whether it may be told of a burst before the first beat arrives: it is idle.
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
  /// Asks to be woken at `at` (this cycle: in its next delta). The earliest of several requests counts.
  void wake_at(base::Cycles at);
  [[nodiscard]] base::Cycles now() const {
    return state_.waking ? state_.now : base::Cycles(sc_core::sc_time_stamp().value());
  }
  RunState& state_;

 private:
  friend class EventQueue;
  EventQueue& queue_;
};

}  // namespace kiln::chip
