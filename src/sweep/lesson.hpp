// What answered points teach of those that are not: objectives and constraints as a surrogate guesses them. Private to the
// sweep module.
#pragma once

#include <optional>
#include <vector>

#include "base/random.hpp"
#include "sweep/space.hpp"
#include "sweep/surrogate.hpp"

namespace kiln::sweep {

/// A point that was answered, as the search sees it.
struct Trial {
  Levels levels;
  bool feasible = false;
  std::vector<double> objectives;  ///< less is better in each; empty: the point has no figures
  std::vector<double> margins;     ///< of each constraint; below 0: it does not hold
};

/// Places of those that no other one dominates, of equals the first, in the order of their values.
std::vector<std::size_t> undominated(const std::vector<std::vector<double>>& values);

/// The feasible ones that no other dominates.
std::vector<std::size_t> front_of(const std::vector<Trial>& trials);

class Lesson {
 public:
  /// `space` must outlive it. `random` chooses what is learned where there is more than a surrogate can take.
  Lesson(const Space& space, const std::vector<Trial>& trials, base::Random& random);

  /// Whether any point had figures: there is no guess otherwise.
  [[nodiscard]] bool any() const { return surrogate_.has_value(); }
  [[nodiscard]] std::size_t objectives() const { return best_.size(); }
  /// From 0, the best of the feasible points, to 1, the worst; of all points where none is feasible.
  [[nodiscard]] std::vector<double> scaled(const std::vector<double>& objectives) const;

  struct Opinion {
    std::vector<double> objectives;  ///< scaled
    double excess = 0;               ///< by how much it seems to break constraints; 0: it seems feasible
  };
  [[nodiscard]] Opinion of(const Levels& levels) const;

 private:
  [[nodiscard]] std::vector<std::size_t> rows_with_figures(const std::vector<Trial>& trials) const;
  void learn_figures(const std::vector<Trial>& trials, const std::vector<std::size_t>& rows);
  void learn_chips(const std::vector<Trial>& trials, const std::vector<std::size_t>& rows);

  const Space& space_;
  std::vector<double> best_, worst_;  ///< of each objective
  std::vector<double> sign_;          ///< of each objective: makes it positive; 0: not all have one sign
  std::vector<double> units_;         ///< of each constraint: its largest margin; 1: it was learned in that unit
  std::optional<Surrogate> surrogate_;
  std::optional<Surrogate> chips_;  ///< 1 where the point has figures, -1 where it is no chip; none: all have
};

}  // namespace kiln::sweep
