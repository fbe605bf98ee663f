// Lines for people on standard error. One that is closed, full or a pipe without a reader takes nothing, and that
// changes neither what a command does nor its exit status. Private to the cli module.
#pragma once

#include <csignal>
#include <string_view>

namespace kiln::cli {

/// While it lives, a pipe without a reader does not end this thread's process.
class QuietPipe {
 public:
  QuietPipe();
  ~QuietPipe();
  QuietPipe(const QuietPipe&) = delete;
  QuietPipe& operator=(const QuietPipe&) = delete;

 private:
  sigset_t before_{};
  bool pending_ = false;
};

/// As it is, and at once; what cannot be written is lost.
void to_standard_error(std::string_view text);

/// "kiln: error: SENTENCE", control characters written out.
void complain(std::string_view sentence);

}  // namespace kiln::cli
