#include "chip/kernel.hpp"

namespace kiln::chip {

using base::Cycles;

void RunState::execute(const Flight& flight, const program::Op& operation) {
  if (request.stop.stop_requested()) halted = interrupted = true;
  if (!halted && flight.ticket) request.values->execute(*flight.ticket, operation);
}

void RunState::report(const Flight& flight, const OpRecord& r) const {
  if (!request.on_event) return;
  const auto event = [&](EventKind kind, Cycles at) {
    request.on_event({flight.user, flight.position, r.op, kind, at});
  };
  if (r.timing.beats_in > 0) {
    event(EventKind::FirstIn, r.first_in);
    event(EventKind::LastIn, r.last_in);
  }
  event(EventKind::Start, r.start);
  event(EventKind::End, r.end);
  if (r.timing.beats_out > 0) {
    event(EventKind::FirstOut, r.first_out);
    event(EventKind::LastOut, r.last_out);
  }
}

void StageState::free(Cycles at) {
  accounts.visit_over(at);
  if (run.slices.on()) run.slices.visit_over(index);
  before->freed(at);
}

Process::Process(const sc_core::sc_module_name& name, RunState& state) : sc_module(name), state_(state) {
  SC_METHOD(run);
  sensitive << event_;
  dont_initialize();
}

// Nothing is thrown through the kernel, which would turn it into a report of its own.
void Process::run() {
  if (state_.halted) return;
  ++state_.kernel_events;
  try {
    wake(now());
  } catch (...) {
    state_.failure = std::current_exception();
    state_.halted = true;
  }
}

void Process::wake_at(Cycles at) { event_.notify(sc_core::sc_time::from_value((at - now()).count())); }

}  // namespace kiln::chip
