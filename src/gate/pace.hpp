// Two programs on one machine, in turn: which takes more processor time for a baseline's commands. Time is never compared
// with history: shared machines differ by half from one hour to the next.
#pragma once

#include <string>
#include <vector>

#include "gate/baseline.hpp"
#include "kiln/base/progress.hpp"

namespace kiln::gate {

struct PaceQuestion {
  std::string ours, theirs;  ///< programs, as absolute paths
  std::string folder;        ///< of the baseline: where commands run
  std::string scratch;       ///< takes what they write
  double seconds = 120;      ///< for all rounds; the least number of rounds comes first
};

struct Pace {
  double ratio = 1;          ///< of our time to theirs: the median of all rounds
  double low = 1, high = 1;  ///< the ratio is between these, but for one case in some ten thousand
  std::size_t rounds = 0;
  /// Slower by more than kNoticed, whatever the noise.
  [[nodiscard]] bool slower() const;
};
inline constexpr double kNoticed = 1.05;

/// What rounds say, each the logarithm of a ratio.
Pace pace_of(std::vector<double> logarithms);
/// A round runs every command with both programs, the order changing from round to round. Fails where a command fails.
base::Result<Pace> measure(const Baseline& baseline, const PaceQuestion& question, const base::Progress& progress);

std::string pace_text(const Pace& pace);
std::string pace_json(const Pace& pace);

}  // namespace kiln::gate
