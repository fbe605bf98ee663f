// Ctrl-C (or a polite kill, or a terminal that closes) asks the work to stop; a second one ends the process at once. A
// thread waits for the signals, so that nothing runs inside a handler and no call is broken off. Private to the cli module.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>

namespace kiln::cli {

/// Copies are the same object.
class Interrupts {
 public:
  /// Made before any other thread, so that every later one inherits the blocked signals.
  Interrupts();
  [[nodiscard]] std::stop_token token() const;
  /// From now on Ctrl-C alone calls `take` instead, on the waiting thread; an empty function gives it back.
  void divert(std::function<void()> take);
  /// Returns when every signal that came before this call has had its effect: a program that Ctrl-C ended, too, may be
  /// seen to have failed before this process' own Ctrl-C was taken.
  void settle() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace kiln::cli
