#include "gate/pace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "base/spread.hpp"
#include "gate/check.hpp"

namespace kiln::gate {
namespace {

constexpr std::size_t kMostRounds = 1000;
/// How often a ratio is beyond a bound; that either of two ratios is, one case of ten thousand.
constexpr double kBeyond = 1e-4 / 2;

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

struct Seconds {
  double processor = 0, wall = 0;
  void add(const Seconds& other) {
    processor += other.processor;
    wall += other.wall;
  }
};

/// Of one command, or of all, in a round.
struct Spent {
  Seconds ours, theirs;
};

base::Result<Seconds> timed(const std::string& program, const std::vector<std::string>& command,
                            const PaceQuestion& question, const base::Progress& progress) {
  const auto ended = run_child(program, command, question.place, progress.stop);
  if (progress.stopped()) return base::Error{"interrupted"};
  if (!ended) return ended.error();
  if (!ended->good())
    return base::Error{
        fmt::format("{} {} does not end well, so no time can be compared: {}", program, command.front(), ended->why())};
  return Seconds{ended->processor_s, ended->wall_s};
}

using Commands = std::vector<std::vector<std::string>>;

/// Command by command. A drift of the machine in a round hits both programs alike.
base::Result<std::vector<Spent>> round_of(const Commands& commands, bool ours_first, const PaceQuestion& question,
                                          const base::Progress& progress) {
  std::vector<Spent> all;
  for (const auto& command : commands) {
    auto& spent = all.emplace_back();
    for (const bool outer : {true, false, false, true}) {
      const bool ours = outer == ours_first;
      const auto took = timed(ours ? question.ours : question.theirs, command, question, progress);
      if (!took) return took.error();
      (ours ? spent.ours : spent.theirs).add(*took);
    }
  }
  return all;
}

/// Keeps those that fit, with what the first round took of them.
void keep_what_fits(Commands& commands, std::vector<Spent>& first, double seconds) {
  std::vector<double> took;
  took.reserve(first.size());
  for (const auto& spent : first) took.push_back(spent.ours.wall + spent.theirs.wall);
  Commands kept;
  std::vector<Spent> spent;
  for (const auto i : that_fit(took, seconds)) {
    kept.push_back(std::move(commands[i]));
    spent.push_back(first[i]);
  }
  commands = std::move(kept);
  first = std::move(spent);
}

/// The logarithms of the rounds' ratios.
struct Rounds {
  std::vector<double> processor, wall;

  base::Status add(const std::vector<Spent>& round) {
    Seconds ours, theirs;
    for (const auto& spent : round) {
      ours.add(spent.ours);
      theirs.add(spent.theirs);
    }
    if (!(ours.processor > 0 && theirs.processor > 0 && ours.wall > 0 && theirs.wall > 0))
      return base::Error{"the commands take no time that could be compared; longer ones are expected"};
    processor.push_back(std::log(ours.processor / theirs.processor));
    wall.push_back(std::log(ours.wall / theirs.wall));
    return {};
  }
};

std::string band_text(const Band& band, const char* of) {
  return fmt::format("{:.3f} times the other program's {} time ({:.3f} to {:.3f})", band.ratio, of, band.low,
                     band.high);
}

}  // namespace

Band band_of(std::vector<double> logarithms) {
  base::check(logarithms.size() >= kFewestRounds, "pace: enough rounds");
  std::ranges::sort(logarithms);
  const auto rounds = logarithms.size(), bound = bound_of(rounds);
  return {std::exp(base::spread_of(logarithms).median), std::exp(logarithms[bound]),
          std::exp(logarithms[rounds - 1 - bound])};
}

std::vector<std::size_t> that_fit(const std::vector<double>& took, double seconds) {
  std::vector<std::size_t> kept(took.size());
  std::iota(kept.begin(), kept.end(), std::size_t{0});
  const double first = std::reduce(took.begin(), took.end()), rounds = static_cast<double>(kFewestRounds);
  if (rounds * first <= seconds) return kept;
  std::ranges::stable_sort(kept, {}, [&](std::size_t i) { return took[i]; });
  std::size_t count = 0;
  for (double passed = first; count < kept.size(); ++count) {
    passed += (rounds - 1) * took[kept[count]];
    if (count > 0 && passed > seconds) break;
  }
  kept.resize(count);
  std::ranges::sort(kept);
  return kept;
}

base::Result<Pace> measure(const Baseline& baseline, const PaceQuestion& question, const base::Progress& progress) {
  auto commands = commands_of(baseline);
  const auto all = commands.size();
  const auto began = std::chrono::steady_clock::now();
  Rounds rounds;
  Pace pace;
  while (pace.rounds < kMostRounds) {
    auto round = round_of(commands, pace.rounds % 2 == 0, question, progress);
    if (!round) return round.error();
    if (pace.rounds == 0) keep_what_fits(commands, *round, question.seconds);
    if (const auto good = rounds.add(*round); !good) return good.error();
    ++pace.rounds;
    pace.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    progress("comparing programs", static_cast<std::uint64_t>(std::min(1000 * pace.seconds / question.seconds, 999.0)),
             1000);
    const bool late = pace.seconds > question.seconds;
    if (pace.rounds < kFewestRounds || !(late || time_to_look(pace.rounds))) continue;
    pace.processor = band_of(rounds.processor);
    pace.wall = band_of(rounds.wall);
    if (late || pace.decided()) break;
  }
  pace.left_out = all - commands.size();
  progress("comparing programs", 1, 1);
  return pace;
}

std::string pace_text(const Pace& pace) {
  auto text =
      fmt::format("{}: {}\n{}, {} rounds in turn, {:.0f} s\n", pace.slower() ? "SLOWER" : "not slower",
                  band_text(pace.processor, "processor"), band_text(pace.wall, "wall"), pace.rounds, pace.seconds);
  if (pace.left_out > 0)
    text += fmt::format("{} command{} left out: all of them take too long for {} rounds\n", pace.left_out,
                        pace.left_out == 1 ? " is" : "s are", kFewestRounds);
  return text;
}

json::Object pace_json(const Pace& pace) {
  return {{"passed", !pace.slower()},
          {"ratio", pace.processor.ratio},
          {"ratio_low", pace.processor.low},
          {"ratio_high", pace.processor.high},
          {"wall_ratio", pace.wall.ratio},
          {"wall_ratio_low", pace.wall.low},
          {"wall_ratio_high", pace.wall.high},
          {"rounds", std::uint64_t{pace.rounds}},
          {"commands_left_out", std::uint64_t{pace.left_out}}};
}

}  // namespace kiln::gate
