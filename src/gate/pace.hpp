// Two programs on one machine, in turn: which takes more processor time for a baseline's commands. Time is never compared
// with history: shared machines differ by half from one hour to the next.
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
  double seconds = 240;  ///< for all rounds; the fewest rounds that can say anything come first
};

struct Pace {
  double ratio = 1;          ///< of our time to theirs: the median of all rounds
  double low = 1, high = 1;  ///< the ratio is not beyond either of them, but for one case in ten thousand
  std::size_t rounds = 0;
  double seconds = 0;  ///< that it took
  /// Slower by more than kNoticed, whatever the noise.
  [[nodiscard]] bool slower() const { return low > kNoticed; }
  /// More rounds would hardly say anything else.
  [[nodiscard]] bool decided() const { return slower() || high < kNoticed || ratio < kHardly; }
  static constexpr double kNoticed = 1.05, kHardly = 1.02;
};

inline constexpr std::size_t kFewestRounds = 14;

/// What rounds say, at least kFewestRounds of them, each the logarithm of a ratio. The bounds are two of the rounds, by
/// counting: they hold whatever noise the machine has, as long as it hits both programs alike.
Pace pace_of(std::vector<double> logarithms);
/// A round runs every command four times: ours, theirs, theirs, ours, or the other way round. Ends as soon as it is clear
/// whether ours is slower. Fails where a command fails.
base::Result<Pace> measure(const Baseline& baseline, const PaceQuestion& question, const base::Progress& progress);

std::string pace_text(const Pace& pace);
/// Without what every document has at its head.
json::Object pace_json(const Pace& pace);

}  // namespace kiln::gate
