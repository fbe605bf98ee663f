// A line that is typed at a terminal, with libedit's keys and a history of the lines before. Reads the terminal itself,
// so that a wake-up ends the waiting: Ctrl-C comes on another thread. Private to the cli module.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

namespace kiln::cli {

class LineEditor {
 public:
  /// `waker` is an eventfd that becomes readable when the waiting shall end. Both files are terminals.
  LineEditor(int file, int waker, std::FILE* out);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  enum class Kind { Line, End, Woken };
  /// Shows the prompt, and waits. A line is without its end.
  std::pair<Kind, std::string> next(const char* prompt);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kiln::cli
