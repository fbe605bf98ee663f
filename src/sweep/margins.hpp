// By how much constraints hold: what tells a search which way leads out of the infeasible. Private to the sweep module.
#pragma once

#include <optional>
#include <vector>

#include "sweep/formula.hpp"
#include "sweep/outcome.hpp"

namespace kiln::sweep {

class Margins {
 public:
  explicit Margins(const std::vector<Formula>& constraints);

  /// One of each constraint, below 0 where it does not hold: b - a of "a <= b", in a's unit; 1 or -1 of what compares
  /// several times or not at all.
  [[nodiscard]] std::vector<double> of(const report::FigureMap& figures) const;

 private:
  struct Margin {
    Formula formula;
    bool by_how_much;
  };
  std::vector<Margin> margins_;
};

struct Slack {
  double margin = 0;  ///< b - a of "a <= b", in a's unit
  double share = 0;   ///< of the larger side
};
/// Nothing where a constraint compares several times or not at all, or a side has no value.
std::optional<Slack> slack_of(const Formula& constraint, const report::FigureMap& figures);

}  // namespace kiln::sweep
