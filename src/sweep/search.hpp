// An adaptive sweep under way: the points of its database as trials, and the batch that follows them into the database.
// Private to the sweep module.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sweep/adaptive.hpp"
#include "sweep/plan.hpp"
#include "sweep/sweep.hpp"

namespace kiln::sweep {

/// Says why such a spec cannot be answered so: in parts that know nothing of each other, or by a Kiln without pagmo2.
base::Status check_search(const Spec& spec, const SweepQuestion& question);

class Search {
 public:
  /// All must outlive it. Of another method's plan it has no batches.
  Search(const SweepQuestion& question, Plan& plan, Database& database)
      : question_(question), plan_(plan), database_(database), adaptive_(*plan.spec) {}

  /// The points that the sweep will have.
  [[nodiscard]] std::uint64_t points() const;
  /// What became of a point.
  void note(const Outcome& outcome);
  /// Begins again: the plan has the first batch alone, with what is known of it.
  base::Status restart();
  /// The next batch, in the plan and in the database, where all points so far are answered: what is known of each by its
  /// key. None at the end.
  base::Result<std::vector<Outcome>> next();

 private:
  const SweepQuestion& question_;
  Plan& plan_;
  Database& database_;
  Adaptive adaptive_;
  std::vector<Trial> trials_;
  std::optional<std::map<std::string, Outcome>>
      answers_;  ///< of earlier specs and other sweeps, read when first asked for
};

}  // namespace kiln::sweep
