// The points that nothing beats: feasible ones, of which none other is at least as good in every objective and better in
// one.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sweep/outcome.hpp"

namespace kiln::sweep {

struct Candidate {
  std::uint64_t number = 0;
  std::vector<double> values;  ///< of each objective
};

/// Of a feasible point with a number for each objective; nothing for another, or where there are no objectives.
std::optional<Candidate> candidate_of(const Spec& spec, const Outcome& outcome);

/// In the order of the first objective, the best first, then by number. n log n for two objectives; with more, each
/// point is compared with the front so far.
std::vector<Candidate> front_of(std::vector<Candidate> candidates, const std::vector<Objective>& objectives);

}  // namespace kiln::sweep
