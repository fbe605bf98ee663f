#include "cli/sweep_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/text.hpp"
#include "cli/standard_error.hpp"
#include "cli/terminal.hpp"
#include "report/table.hpp"

namespace kiln::cli {

SweepLine::SweepLine() : terminal_(::isatty(STDERR_FILENO) != 0) {}

SweepLine::~SweepLine() {
  if (terminal_ && shown_ > began_) to_standard_error("\r\033[K");
}

void SweepLine::show(const sweep::SweepProgress& progress) {
  const auto now = Clock::now();
  const auto& tally = progress.tally;
  const bool finished = tally.answered() == tally.points;
  if (!terminal_ && progress.workers.empty()) return;
  const std::chrono::milliseconds period{terminal_ ? 100 : 10'000};
  if (now - began_ < std::chrono::seconds(2) || ((!finished || !terminal_) && now - shown_ < period)) return;
  shown_ = now;
  const double seconds = std::chrono::duration<double>(now - began_).count();
  const double rate = static_cast<double>(tally.answered() - progress.answered_before) / seconds;
  std::string line =
      fmt::format("sweep: {} of {} points", report::grouped(tally.answered()), report::grouped(tally.points));
  if (rate > 0)
    line += fmt::format(", {} a second, {:.0f} s left", report::number(rate),
                        static_cast<double>(tally.points - tally.answered()) / rate);
  if (tally.infeasible > 0) line += fmt::format(", {} infeasible", report::grouped(tally.infeasible));
  if (tally.failed > 0) line += fmt::format(", {} failed", report::grouped(tally.failed));
  if (progress.best) line += fmt::format(", best {}", report::number(*progress.best));
  if (!progress.workers.empty()) line += "; " + base::without_controls(progress.workers);
  if (!terminal_) return to_standard_error(line + "\n");
  if (const auto columns = terminal_columns(STDERR_FILENO); columns && line.size() >= *columns)
    line.resize(*columns - 1);
  to_standard_error(fmt::format("\r\033[K{}{}", line, finished ? "\r\033[K" : ""));
}

}  // namespace kiln::cli
