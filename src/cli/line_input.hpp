// Lines that are typed or piped in, with a way to wake whoever waits for one: Ctrl-C comes on another thread. Private
// to the cli module.
#pragma once

#include <string>

#include "kiln/base/result.hpp"

namespace kiln::cli {

class LineInput {
 public:
  explicit LineInput(int file);
  ~LineInput();
  LineInput(const LineInput&) = delete;
  LineInput& operator=(const LineInput&) = delete;

  enum class Kind { Line, End, Woken };
  struct Event {
    Kind kind = Kind::End;
    std::string line;  ///< without its end
  };
  /// The next line (the last one may lack its end); Woken when wake() was called since the last call.
  base::Result<Event> next();
  void wake() const;
  [[nodiscard]] bool is_terminal() const;

 private:
  int file_;
  int waker_;  ///< an eventfd
  std::string buffer_;
  bool ended_ = false;
};

}  // namespace kiln::cli
