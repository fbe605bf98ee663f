// The points of an adaptive sweep, batch by batch, each from the answers to those before it: a surrogate learns the
// figures, NSGA-II breeds points on it, and those that promise the largest dominated volume are proposed, with a few
// beside them to learn from (docs/sweep.md). The same answers and seed, the same points: nothing else is remembered.
// Private to the sweep module.
#pragma once

#include "sweep/lesson.hpp"
#include "sweep/margins.hpp"
#include "sweep/outcome.hpp"

namespace kiln::sweep {

class Adaptive {
 public:
  /// `spec` must outlive it.
  explicit Adaptive(const Spec& spec) : spec_(spec), space_(spec), margins_(spec.constraints) {}

  [[nodiscard]] const Space& space() const { return space_; }
  [[nodiscard]] Trial trial_of(Levels levels, const Outcome& outcome) const;
  /// Where the batch begins that point `number` is of: batches do not depend on how many points are wanted.
  static std::size_t batch_begin(std::size_t number);
  static std::size_t batch_size(std::size_t begin);
  /// The batch that follows these answers, which are those of whole batches: points that are none of them, fewer where no
  /// more are left. The first one needs no pagmo2.
  [[nodiscard]] std::vector<Levels> propose(const std::vector<Trial>& answered) const;
  /// The first batch, or as much of it as is wanted; fails where more points are wanted than there are.
  [[nodiscard]] base::Result<std::vector<Setting>> first_points() const;

 private:
  const Spec& spec_;
  Space space_;
  Margins margins_;
};

}  // namespace kiln::sweep
