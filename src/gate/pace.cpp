#include "gate/pace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "gate/check.hpp"

namespace kiln::gate {
namespace {

constexpr std::size_t kMostRounds = 1000;
constexpr double kBeyond = 1e-4;  ///< how often the ratio is beyond a bound

/// Of `rounds` sorted ones, which is a lower bound of the median: each is above the median as often as below, so at least
/// `rounds - k` of them are above it as often as a coin falls so.
std::size_t bound_of(std::size_t rounds) {
  double chance = std::pow(0.5, static_cast<double>(rounds)), sum = chance;
  std::size_t k = 0;
  while (true) {
    chance *= static_cast<double>(rounds - k) / static_cast<double>(k + 1);
    if (sum + chance > kBeyond) return k;
    sum += chance;
    ++k;
  }
}

/// The more there are, the longer until the next look: each look is a chance to err.
bool time_to_look(std::size_t rounds) {
  std::size_t next = kFewestRounds;
  while (next < rounds) next = next * 4 / 3;
  return next == rounds;
}

struct Spent {
  double ours = 0, theirs = 0;
};

/// Processor time of one program with one command.
base::Result<double> timed(const std::string& program, const std::vector<std::string>& command,
                           const PaceQuestion& question, const base::Progress& progress) {
  const auto ended = run_child(program, command, question.place, progress.stop);
  if (progress.stopped()) return base::Error{"interrupted"};
  if (!ended) return ended.error();
  if (!ended->good())
    return base::Error{
        fmt::format("{} {} does not end well, so no time can be compared: {}", program, command.front(), ended->why())};
  return ended->processor_s;
}

/// A drift of the machine in a round hits both programs alike.
base::Result<Spent> round_of(const std::vector<std::vector<std::string>>& commands, bool ours_first,
                             const PaceQuestion& question, const base::Progress& progress) {
  Spent spent;
  for (const auto& command : commands)
    for (const bool outer : {true, false, false, true}) {
      const bool ours = outer == ours_first;
      const auto took = timed(ours ? question.ours : question.theirs, command, question, progress);
      if (!took) return took.error();
      (ours ? spent.ours : spent.theirs) += *took;
    }
  return spent;
}

}  // namespace

Pace pace_of(std::vector<double> logarithms) {
  base::check(logarithms.size() >= kFewestRounds, "pace: enough rounds");
  std::ranges::sort(logarithms);
  const auto rounds = logarithms.size(), bound = bound_of(rounds);
  const double middle = (logarithms[(rounds - 1) / 2] + logarithms[rounds / 2]) / 2;
  return {std::exp(middle), std::exp(logarithms[bound]), std::exp(logarithms[rounds - 1 - bound]), rounds, 0};
}

base::Result<Pace> measure(const Baseline& baseline, const PaceQuestion& question, const base::Progress& progress) {
  const auto commands = commands_of(baseline);
  const auto began = std::chrono::steady_clock::now();
  std::vector<double> logarithms;
  Pace pace;
  while (logarithms.size() < kMostRounds) {
    const auto spent = round_of(commands, logarithms.size() % 2 == 0, question, progress);
    if (!spent) return spent.error();
    if (!(spent->ours > 0 && spent->theirs > 0))
      return base::Error{"the commands take no time that could be compared; longer ones are expected"};
    logarithms.push_back(std::log(spent->ours / spent->theirs));
    const double passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    progress("comparing programs", static_cast<std::uint64_t>(std::min(1000 * passed / question.seconds, 999.0)), 1000);
    const bool late = passed > question.seconds;
    if (logarithms.size() < kFewestRounds || !(late || time_to_look(logarithms.size()))) continue;
    pace = pace_of(logarithms);
    pace.seconds = passed;
    if (late || pace.decided()) break;
  }
  progress("comparing programs", 1, 1);
  return pace;
}

std::string pace_text(const Pace& pace) {
  return fmt::format(
      "{}: {:.3f} times the other program's processor time ({:.3f} to {:.3f}, {} rounds in turn, {:.0f} s)\n",
      pace.slower() ? "SLOWER" : "not slower", pace.ratio, pace.low, pace.high, pace.rounds, pace.seconds);
}

json::Object pace_json(const Pace& pace) {
  return {{"passed", !pace.slower()},
          {"ratio", pace.ratio},
          {"ratio_low", pace.low},
          {"ratio_high", pace.high},
          {"rounds", std::uint64_t{pace.rounds}}};
}

}  // namespace kiln::gate
