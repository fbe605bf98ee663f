// The built `kiln` in its own terminal, as a user at a keyboard has it.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/subprocess.hpp"

namespace kiln::test {

class PseudoTerminal {
 public:
  /// Without columns the terminal does not say how wide it is.
  explicit PseudoTerminal(const std::vector<std::string>& arguments, unsigned short columns = 0,
                          const char* kind = "xterm") {
    std::vector<std::string> all = {KILN_BINARY_DIR "/kiln"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    terminal_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    base::check(terminal_ >= 0 && ::grantpt(terminal_) == 0 && ::unlockpt(terminal_) == 0, "a pseudo-terminal");
    const winsize size{24, columns, 0, 0};
    if (columns > 0) base::check(::ioctl(terminal_, TIOCSWINSZ, &size) == 0, "a terminal of some width");
    ::setenv("TERM", kind, 1);
    const std::string keyboard = ::ptsname(terminal_);
    child_ = base::start_program(all, {.in = keyboard, .out = keyboard, .err = "", .own_session = true}).value();
  }
  ~PseudoTerminal() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      base::wait_for(child_);
    }
    ::close(terminal_);
  }
  PseudoTerminal(const PseudoTerminal&) = delete;
  PseudoTerminal& operator=(const PseudoTerminal&) = delete;

  void type(std::string_view keys) const {
    [[maybe_unused]] const auto written = ::write(terminal_, keys.data(), keys.size());
  }
  void press_ctrl_c() const { type("\x03"); }
  void press_ctrl_d() const { type("\x04"); }

  /// What the screen shows (lines end in '\n') after what was taken before, up to and with `text`; if that does not
  /// come within a minute, all there is.
  std::string until(std::string_view text) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (true) {
      if (const auto at = shown_.find(text); at != shown_.npos) {
        std::string taken = shown_.substr(0, at + text.size());
        shown_.erase(0, taken.size());
        return taken;
      }
      if (std::chrono::steady_clock::now() > deadline || !more()) return std::exchange(shown_, {});
    }
  }
  /// Exit status, or -signal.
  int finish() {
    while (more()) {
    }
    const auto end = base::wait_for(std::exchange(child_, -1));
    return end.signal == 0 ? end.status : -end.signal;
  }
  /// All that was ever shown.
  [[nodiscard]] const std::string& screen() const { return screen_; }

 private:
  /// Waits a second at most; false when the other side is closed.
  bool more() {
    pollfd waiting{terminal_, POLLIN, 0};
    if (::poll(&waiting, 1, 1000) == 0) return true;
    std::array<char, 4096> bytes;
    const auto count = ::read(terminal_, bytes.data(), bytes.size());
    if (count <= 0) return false;
    for (const char c : std::string_view(bytes.data(), static_cast<std::size_t>(count))) {
      if (c == '\r') continue;
      shown_ += c;
      screen_ += c;
    }
    return true;
  }

  pid_t child_ = -1;
  int terminal_ = -1;
  std::string shown_, screen_;
};

}  // namespace kiln::test
