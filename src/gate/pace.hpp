// Two programs on one machine, in turn: which takes more processor time, or more wall time, for a baseline's commands. Time
// is never compared with history: shared machines differ by half from one hour to the next.
#pragma once

#include <string>
#include <vector>

#include "gate/baseline.hpp"
#include "gate/child.hpp"
#include "kiln/base/progress.hpp"

namespace kiln::gate {

struct PaceQuestion {
  std::string ours, theirs;  ///< programs, as absolute paths
  Place place;
  double seconds = 240;  ///< for all rounds; the fewest rounds of one command come first
};

/// Our time to theirs, of many rounds.
struct Band {
  double ratio = 1;          ///< the median of all rounds
  double low = 1, high = 1;  ///< the ratio is below the one, or above the other, in one case of twenty thousand
  /// Slower by more than kNoticed, whatever the noise.
  [[nodiscard]] bool slower() const { return low > kNoticed; }
  /// More rounds would hardly say anything else.
  [[nodiscard]] bool decided() const { return slower() || high < kNoticed || ratio < kHardly; }
  static constexpr double kNoticed = 1.05, kHardly = 1.02;
};

struct Pace {
  Band processor;  ///< of all processes of the commands
  Band wall;       ///< from a command's start to its end: a lock, a sleep or a lost thread is seen here alone
  std::size_t rounds = 0;
  std::size_t left_out = 0;  ///< commands that take too long for the fewest rounds
  double seconds = 0;        ///< that it took
  [[nodiscard]] bool slower() const { return processor.slower() || wall.slower(); }
  [[nodiscard]] bool decided() const { return slower() || (processor.decided() && wall.decided()); }
};

inline constexpr std::size_t kFewestRounds = 15;

/// What rounds say, at least kFewestRounds of them, each the logarithm of a ratio. The bounds are two of the rounds, by
/// counting: they hold whatever noise the machine has, as long as it hits both programs alike.
Band band_of(std::vector<double> logarithms);
/// Which commands are compared, where a round of each takes `took` seconds: all of them, or, if the fewest rounds of all
/// take more than `seconds`, as many as fit, the shortest first, and at least one.
std::vector<std::size_t> that_fit(const std::vector<double>& took, double seconds);
/// A round runs every command four times: ours, theirs, theirs, ours, or the other way round. Ends as soon as it is clear
/// whether ours is slower. Fails where a command fails.
base::Result<Pace> measure(const Baseline& baseline, const PaceQuestion& question, const base::Progress& progress);

std::string pace_text(const Pace& pace);
/// Without what every document has at its head.
json::Object pace_json(const Pace& pace);

}  // namespace kiln::gate
