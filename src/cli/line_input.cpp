#include "cli/line_input.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "cli/terminal.hpp"

namespace kiln::cli {
namespace {

constexpr std::size_t kLongestLine = std::size_t{1} << 24;

base::Error failed(std::string_view what) {
  return base::Error{fmt::format("standard input: {}: {}", what, std::strerror(errno))};
}

}  // namespace

LineInput::LineInput(int file, std::FILE* out)
    : file_(file), out_(out), waker_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  base::check(waker_ >= 0, "an event descriptor can be made");
  if (is_terminal() && terminal_is_capable(::fileno(out))) editor_.emplace(file, waker_, out);
}

LineInput::~LineInput() { ::close(waker_); }

void LineInput::wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(waker_, &one, sizeof one);  // full: it is awake already
}

bool LineInput::is_terminal() const { return ::isatty(file_) != 0; }

base::Result<LineInput::Event> LineInput::next(const char* prompt) {
  if (editor_) {
    auto [kind, line] = editor_->next(prompt);
    const auto same = kind == LineEditor::Kind::Line  ? Kind::Line
                      : kind == LineEditor::Kind::End ? Kind::End
                                                      : Kind::Woken;
    return Event{same, std::move(line)};
  }
  if (is_terminal()) {
    fmt::print(out_, "{}", prompt);
    std::fflush(out_);
  }
  return next_plain();
}

base::Result<LineInput::Event> LineInput::next_plain() {
  while (true) {
    if (const auto end = buffer_.find('\n'); end != buffer_.npos) {
      Event event{Kind::Line, buffer_.substr(0, end)};
      buffer_.erase(0, end + 1);
      return event;
    }
    if (ended_) {
      Event event{buffer_.empty() ? Kind::End : Kind::Line, {}};
      event.line.swap(buffer_);
      return event;
    }
    if (buffer_.size() > kLongestLine)
      return base::Error{fmt::format("standard input: a line has more than {} bytes", kLongestLine)};
    std::array<pollfd, 2> waiting = {pollfd{waker_, POLLIN, 0}, pollfd{file_, POLLIN, 0}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return failed("waiting for a line");
    }
    if (waiting[0].revents != 0) {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto drained = ::read(waker_, &count, sizeof count);
      buffer_.clear();  // the terminal has discarded what was typed as well
      return Event{Kind::Woken, {}};
    }
    std::array<char, 4096> bytes;
    const auto count = ::read(file_, bytes.data(), bytes.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0 && errno != EIO) return failed("reading");  // EIO: the terminal is gone
    if (count <= 0) {
      ended_ = true;
    } else {
      buffer_.append(bytes.data(), static_cast<std::size_t>(count));
    }
  }
}

}  // namespace kiln::cli
