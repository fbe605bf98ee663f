#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "report/table.hpp"

namespace kiln::cli {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::optional<std::size_t> terminal_columns(int file) {
  winsize size = {};
  if (::isatty(file) == 0 || ::ioctl(file, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return size.ws_col;
}

std::size_t text_columns() {
  constexpr std::size_t kFewest = 40;
  const auto columns = terminal_columns(STDOUT_FILENO).value_or(report::kTerminalColumns);
  return std::clamp(columns, kFewest, report::kTerminalColumns);
}

bool terminal_is_capable(int file) {
  return ::isatty(file) != 0 && !variable("TERM").empty() && variable("TERM") != "dumb";
}

bool colour_is_welcome() { return variable("NO_COLOR").empty() && variable("TERM") != "dumb"; }

}  // namespace kiln::cli
