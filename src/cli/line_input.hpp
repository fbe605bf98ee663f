// Lines that are typed or piped in, with a way to wake the waiting thread: Ctrl-C comes on another thread. Private
// to the cli module.
#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "cli/line_editor.hpp"
#include "kiln/base/result.hpp"

namespace kiln::cli {

class LineInput {
 public:
  /// Where both `file` and `out` are terminals (and not dumb ones), lines are edited.
  LineInput(int file, std::FILE* out);
  ~LineInput();
  LineInput(const LineInput&) = delete;
  LineInput& operator=(const LineInput&) = delete;

  enum class Kind { Line, End, Woken };
  struct Event {
    Kind kind = Kind::End;
    std::string line;  ///< without its end
  };
  /// The next line (the last one may lack its end); Woken when wake() was called since the last call. The prompt is for
  /// people who type.
  base::Result<Event> next(const char* prompt);
  void wake() const;
  [[nodiscard]] bool is_terminal() const;

 private:
  base::Result<Event> next_plain();

  int file_;
  std::FILE* out_;
  int waker_;  ///< an eventfd
  std::optional<LineEditor> editor_;
  std::string buffer_;
  bool ended_ = false;
};

}  // namespace kiln::cli
