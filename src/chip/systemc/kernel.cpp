#include "chip/systemc/kernel.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kiln::chip {

using base::Cycles;

namespace {

constexpr std::uint64_t kNever = UINT64_MAX;

}  // namespace

void RunState::execute(const TokenInFlight& token, const program::Op& operation) {
  if (request.stop.stop_requested()) halted = interrupted = true;
  if (!halted && token.handle) request.values->execute(*token.handle, operation);
}

void RunState::report(const TokenInFlight& token, const OpRecord& r) const {
  if (!request.on_event) return;
  const auto event = [&](EventKind kind, Cycles at) { request.on_event({token.user, token.position, r.op, kind, at}); };
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
  accounting.visit_over(at);
  if (run.spans.on()) run.spans.visit_over(index);
  before->stage_freed(at);
}

StageState::StageState(RunState& state, std::uint32_t number)
    : run(state),
      index(number),
      accounting(state.links),
      queue(fmt::format("queue{}", number).c_str(), state, state.pace()) {}

EventQueue::EventQueue(const sc_core::sc_module_name& name, RunState& state, Pace pace)
    : sc_module(name), state_(state), pace_(pace), asked_(kNever) {
  SC_METHOD(run);
  sensitive << event_;
  dont_initialize();
}

void EventQueue::wake_at(Process& process, Cycles at) {
  const auto wake = std::ranges::find(wakes_, &process, &Wake::process);
  if (wake == wakes_.end()) {
    wakes_.push_back({at.count(), &process});
  } else {
    wake->at = std::min(wake->at, at.count());
  }
  if (running_ || at.count() >= asked_) return;  // run() asks when all is done
  asked_ = at.count();
  event_.notify(sc_core::sc_time::from_value(at.count() - sc_core::sc_time_stamp().value()));
}

// Nothing is thrown through the kernel, which would turn it into one of its reports.
void EventQueue::run() {
  const std::uint64_t now = sc_core::sc_time_stamp().value();
  asked_ = kNever;
  running_ = true;
  std::uint64_t next = now;
  while (!state_.halted) {
    const auto first = std::ranges::min_element(wakes_, {}, &Wake::at);
    next = first == wakes_.end() ? kNever : first->at;
    if (next == kNever || (next != now && pace_ == Pace::InStep)) break;
    Process& process = *first->process;
    *first = wakes_.back();
    wakes_.pop_back();
    ++state_.kernel_events;
    state_.now = Cycles(next);
    state_.waking = true;
    try {
      process.wake(state_.now);
    } catch (...) {
      state_.failure = std::current_exception();
      state_.halted = true;
    }
    state_.waking = false;
  }
  running_ = false;
  if (state_.halted || next == kNever) return;
  asked_ = next;
  event_.notify(sc_core::sc_time::from_value(next - now));
}

Process::Process(const sc_core::sc_module_name& name, RunState& state, EventQueue& queue)
    : sc_module(name), state_(state), queue_(queue) {}

void Process::wake_at(Cycles at) { queue_.wake_at(*this, at); }

}  // namespace kiln::chip
