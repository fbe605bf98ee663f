#include "cli/interrupts.hpp"

#include <pthread.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>
#include <utility>

#include "cli/session.hpp"

namespace kiln::cli {

namespace {

constexpr std::chrono::seconds kPatience(2);  ///< with a thread that a busy machine does not let run

/// The process sends it to itself. Of signals that are there, the lowest number is taken first: this one is the last.
int marker() { return SIGRTMAX; }

}  // namespace

struct Interrupts::State {
  std::stop_source source;
  std::uint64_t asked = 0, settled = 0;
  std::condition_variable changed;
  std::mutex mutex;
  std::function<void()> take;

  bool taken() {
    const std::lock_guard lock(mutex);
    if (take) take();
    return static_cast<bool>(take);
  }
  void settle() {
    const std::lock_guard lock(mutex);
    settled = asked;
    changed.notify_all();
  }
};

Interrupts::Interrupts() : state_(std::make_shared<State>()) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  // A terminal that closes, unless nohup asked to go on: a signal that is blocked would come though it is ignored.
  struct sigaction hangup = {};
  if (sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN) sigaddset(&signals, SIGHUP);
  sigaddset(&signals, marker());
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals, state = state_] {
    while (true) {
      int signal = 0;
      sigwait(&signals, &signal);
      if (signal == marker()) {
        state->settle();
        continue;
      }
      if (signal == SIGINT && state->taken()) continue;
      if (!state->source.request_stop()) ::_exit(kInterrupted);
    }
  }).detach();
}

std::stop_token Interrupts::token() const { return state_->source.get_token(); }

void Interrupts::settle() const {
  std::unique_lock lock(state_->mutex);
  const auto own = ++state_->asked;
  ::kill(::getpid(), marker());
  state_->changed.wait_for(lock, kPatience, [&] { return state_->settled >= own; });
}

void Interrupts::divert(std::function<void()> take) {
  const std::lock_guard lock(state_->mutex);
  state_->take = std::move(take);
}

}  // namespace kiln::cli
