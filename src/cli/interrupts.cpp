#include "cli/interrupts.hpp"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <mutex>
#include <thread>
#include <utility>

#include "cli/session.hpp"

namespace kiln::cli {

struct Interrupts::State {
  std::stop_source source;
  std::mutex mutex;
  std::function<void()> take;

  bool taken() {
    const std::lock_guard lock(mutex);
    if (take) take();
    return static_cast<bool>(take);
  }
};

Interrupts::Interrupts() : state_(std::make_shared<State>()) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals, state = state_] {
    while (true) {
      int signal = 0;
      sigwait(&signals, &signal);
      if (signal == SIGINT && state->taken()) continue;
      if (!state->source.request_stop()) ::_exit(kInterrupted);
    }
  }).detach();
}

std::stop_token Interrupts::token() const { return state_->source.get_token(); }

void Interrupts::divert(std::function<void()> take) {
  const std::lock_guard lock(state_->mutex);
  state_->take = std::move(take);
}

}  // namespace kiln::cli
