#include "cli/standard_error.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "base/text.hpp"

namespace kiln::cli {
namespace {

sigset_t pipe_alone() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  return set;
}

bool is_pending() {
  sigset_t set;
  sigpending(&set);
  return sigismember(&set, SIGPIPE) == 1;
}

}  // namespace

QuietPipe::QuietPipe() : pending_(is_pending()) {
  const auto set = pipe_alone();
  pthread_sigmask(SIG_BLOCK, &set, &before_);
}

QuietPipe::~QuietPipe() {
  const auto set = pipe_alone();
  const timespec at_once{};
  if (!pending_ && is_pending()) sigtimedwait(&set, nullptr, &at_once);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void to_standard_error(std::string_view text) {
  const QuietPipe quiet;
  while (!text.empty()) {
    const auto written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void complain(std::string_view sentence) {
  to_standard_error(fmt::format("kiln: error: {}\n", base::one_line(sentence)));
}

}  // namespace kiln::cli
