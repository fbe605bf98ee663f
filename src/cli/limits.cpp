#include "cli/limits.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string_view>

#include "base/mapped_regions.hpp"
#include "base/stack.hpp"
#include "cli/session.hpp"

namespace kiln::cli {
namespace {

constexpr std::uint64_t kUsualStack = std::uint64_t{8} << 20, kLeastStack = std::uint64_t{2} << 20;

/// A file opened in place of a closed standard stream would receive what is printed there.
void open_standard_files() {
  for (const int file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(file, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is this one. Writing to it fails, as to a closed one; reading finds the end.
    if (::open("/dev/null", O_RDONLY) != file) return;
  }
}

/// The system sends it once a second from then on; what was written so far is left as a kill leaves it.
void end_for_processor_time(int /*signal*/) {
  constexpr std::string_view kSentence = "kiln: error: the limit of processor time is reached (ulimit -t)\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kSentence.data(), kSentence.size());
  ::_exit(kBadInput);
}

}  // namespace

base::Status prepare_for_limits() {
  open_standard_files();
  std::signal(SIGXFSZ, SIG_IGN);  // a write above the limit of a file's size fails instead
  std::signal(SIGXCPU, end_for_processor_time);
  base::end_on_lost_pages(kBadInput);
  const auto stack = base::raise_stack_limit(kUsualStack);
  if (stack >= kLeastStack) return {};
  return base::Error{fmt::format("the stack is limited to {} KB (ulimit -Hs); at least {} KB are expected",
                                 stack / 1024, kLeastStack / 1024)};
}

}  // namespace kiln::cli
