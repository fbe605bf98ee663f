#include "sweep/front.hpp"

#include <algorithm>
#include <limits>

namespace kiln::sweep {
namespace {

/// Smaller is better, in every objective.
std::vector<double> signed_values(const Candidate& candidate, const std::vector<Objective>& objectives) {
  std::vector<double> values = candidate.values;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (objectives[i].direction == Direction::Maximum) values[i] = -values[i];
  return values;
}

bool beats(const std::vector<double>& a, const std::vector<double>& b) {
  bool better = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) return false;
    better = better || a[i] < b[i];
  }
  return better;
}

}  // namespace

std::optional<Candidate> candidate_of(const Spec& spec, const Outcome& outcome) {
  if (outcome.state != State::Done || spec.objectives.empty()) return std::nullopt;
  Candidate candidate{outcome.number, {}};
  for (const auto& objective : spec.objectives) {
    const auto value = number_of(outcome.figures, objective.figure);
    if (!value) return std::nullopt;
    candidate.values.push_back(*value);
  }
  return candidate;
}

std::vector<Candidate> front_of(std::vector<Candidate> candidates, const std::vector<Objective>& objectives) {
  struct Entry {
    std::vector<double> values;
    std::size_t of;
  };
  std::vector<Entry> entries;
  entries.reserve(candidates.size());
  for (std::size_t i = 0; i < candidates.size(); ++i) entries.push_back({signed_values(candidates[i], objectives), i});
  std::ranges::stable_sort(entries, {}, &Entry::values);
  std::vector<Candidate> front;
  std::vector<std::vector<double>> kept;
  double lowest = std::numeric_limits<double>::infinity();
  for (const auto& entry : entries) {
    // Whatever could beat it has come before. With one objective that is the first; with two only the second one's
    // lowest value counts.
    if (entry.values.size() == 1) {
      if (!kept.empty() && entry.values != kept.front()) break;
    } else if (entry.values.size() == 2) {
      const bool same = !kept.empty() && kept.back() == entry.values;
      if (!same && entry.values[1] >= lowest) continue;
      lowest = std::min(lowest, entry.values[1]);
    } else if (std::ranges::any_of(kept, [&](const auto& other) { return beats(other, entry.values); })) {
      continue;
    }
    kept.push_back(entry.values);
    front.push_back(std::move(candidates[entry.of]));
  }
  return front;
}

}  // namespace kiln::sweep
