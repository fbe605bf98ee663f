#include "gate/pace.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/subprocess.hpp"
#include "gate/arguments.hpp"

namespace kiln::gate {
namespace {

constexpr std::size_t kFewestRounds = 12, kMostRounds = 400;
/// Standard errors on both sides: a normal distribution leaves 6 of 100,000 outside.
constexpr double kErrors = 4;

double seconds_of_children() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Processor time of one program with one command.
base::Result<double> timed(const std::string& program, const std::vector<std::string>& command,
                           const PaceQuestion& question) {
  std::vector<std::string> words = {program};
  for (auto& word : runnable(command, question.scratch, question.scratch + "/document.json"))
    words.push_back(std::move(word));
  const double before = seconds_of_children();
  const auto process = base::start_program(words, {"/dev/null", question.scratch + "/log", "", false, question.folder});
  if (!process) return process.error();
  const auto end = base::wait_for(*process);
  if (!end.good())
    return base::Error{fmt::format("{} {} does not end well; nothing can be compared", program, command.front())};
  return seconds_of_children() - before;
}

}  // namespace

bool Pace::slower() const { return low > kNoticed; }

Pace pace_of(std::vector<double> logarithms) {
  base::check(!logarithms.empty(), "pace: at least one round");
  const double middle = median(logarithms);
  std::vector<double> distances;
  for (const double each : logarithms) distances.push_back(std::abs(each - middle));
  // Of the median, from the median distance: what one slow round says counts for little.
  const double error = 1.2533 * 1.4826 * median(distances) / std::sqrt(static_cast<double>(logarithms.size()));
  return {std::exp(middle), std::exp(middle - kErrors * error), std::exp(middle + kErrors * error), logarithms.size()};
}

base::Result<Pace> measure(const Baseline& baseline, const PaceQuestion& question, const base::Progress& progress) {
  std::vector<std::vector<std::string>> commands;
  for (const auto& metric : baseline.metrics)
    if (std::ranges::find(commands, metric.command) == commands.end()) commands.push_back(metric.command);
  const auto began = std::chrono::steady_clock::now();
  std::vector<double> logarithms;
  for (std::size_t round = 0; round < kMostRounds; ++round) {
    const double passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    if (round >= kFewestRounds && passed > question.seconds) break;
    progress("comparing programs", static_cast<std::uint64_t>(passed), static_cast<std::uint64_t>(question.seconds));
    double ours = 0, theirs = 0;
    for (std::size_t c = 0; c < commands.size(); ++c)
      for (const bool first : {true, false}) {
        if (progress.stopped()) return base::Error{"interrupted"};
        const bool own = first == ((round + c) % 2 == 0);
        const auto took = timed(own ? question.ours : question.theirs, commands[c], question);
        if (!took) return took.error();
        (own ? ours : theirs) += *took;
      }
    if (ours > 0 && theirs > 0) logarithms.push_back(std::log(ours / theirs));
  }
  progress("comparing programs", 1, 1);
  if (logarithms.empty()) return base::Error{"the commands take no time; nothing can be compared"};
  return pace_of(std::move(logarithms));
}

std::string pace_text(const Pace& pace) {
  return fmt::format("{}: {:.3f} times the other program's processor time ({:.3f} to {:.3f}, {} rounds in turn)\n",
                     pace.slower() ? "SLOWER" : "not slower", pace.ratio, pace.low, pace.high, pace.rounds);
}

std::string pace_json(const Pace& pace) {
  return json::write(json::Object{{"command", "check"},
                                  {"passed", !pace.slower()},
                                  {"ratio", pace.ratio},
                                  {"ratio_low", pace.low},
                                  {"ratio_high", pace.high},
                                  {"rounds", std::uint64_t{pace.rounds}}}) +
         "\n";
}

}  // namespace kiln::gate
