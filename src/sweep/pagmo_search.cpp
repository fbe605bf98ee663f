#include "sweep/pagmo_search.hpp"

#ifdef KILN_HAS_PAGMO

#include <algorithm>
#include <pagmo/algorithm.hpp>
#include <pagmo/algorithms/nsga2.hpp>
#include <pagmo/population.hpp>
#include <pagmo/problem.hpp>
#include <pagmo/utils/hypervolume.hpp>
#include <queue>

#include "sweep/lesson.hpp"

namespace kiln::sweep {
namespace {

constexpr double kCrossover = 0.9, kCrossoverWidth = 10, kMutationWidth = 20;

/// A search's space as pagmo2 sees it: real genes for shares of ordered axes, then whole ones for names.
struct Problem {
  const Space* space = nullptr;
  const Guess* guess = nullptr;
  std::size_t objectives = 0;
  std::vector<std::size_t> ordered, named;  ///< axes

  [[nodiscard]] pagmo::vector_double genes_of(const Levels& levels) const {
    pagmo::vector_double genes;
    for (const std::size_t axis : ordered) genes.push_back(space->share_of(axis, levels[axis]));
    for (const std::size_t axis : named) genes.push_back(static_cast<double>(levels[axis]));
    return genes;
  }
  [[nodiscard]] Levels levels_of(const pagmo::vector_double& genes) const {
    Levels levels(space->axes());
    for (std::size_t i = 0; i < ordered.size(); ++i) levels[ordered[i]] = space->level_at(ordered[i], genes[i]);
    for (std::size_t i = 0; i < named.size(); ++i)
      levels[named[i]] = static_cast<std::uint64_t>(genes[ordered.size() + i]);
    return levels;
  }
  // Names from here on are pagmo2's. It wants two objectives at least: one counts twice.
  [[nodiscard]] pagmo::vector_double fitness(const pagmo::vector_double& genes) const {
    auto values = (*guess)(levels_of(genes));
    if (objectives == 1) values.push_back(values.front());
    return values;
  }
  [[nodiscard]] pagmo::vector_double::size_type get_nobj() const { return std::max<std::size_t>(objectives, 2); }
  [[nodiscard]] pagmo::vector_double::size_type get_nix() const { return named.size(); }
  [[nodiscard]] std::pair<pagmo::vector_double, pagmo::vector_double> get_bounds() const {
    pagmo::vector_double low(ordered.size() + named.size(), 0), high(ordered.size(), 1);
    for (const std::size_t axis : named) high.push_back(static_cast<double>(space->levels(axis) - 1));
    return {low, high};
  }
};

using Values = std::vector<double>;

/// What a point dominates up to 1 in all objectives, and the others do not: they count where it dominates as well (While
/// et al., A fast way of calculating exact hypervolumes, 2012).
double alone(const Values& point, const std::vector<Values>& others) {
  std::vector<Values> limited;
  for (auto other : others) {
    for (std::size_t i = 0; i < other.size(); ++i) other[i] = std::max(other[i], point[i]);
    if (other == point) return 0;
    limited.push_back(std::move(other));
  }
  double volume = 1;
  for (const double value : point) volume *= 1 - value;
  std::vector<Values> outer;
  for (const std::size_t i : undominated(limited)) outer.push_back(std::move(limited[i]));
  if (outer.empty()) return volume;
  const pagmo::hypervolume shared(outer, true);
  return volume - shared.compute(pagmo::vector_double(point.size(), 1.0));
}

}  // namespace

bool has_pagmo() { return true; }

void breed(const Space& space, const std::vector<Levels>& first, std::size_t objectives, std::uint64_t seed,
           unsigned generations, const Guess& guess) {
  Problem own{&space, &guess, objectives, {}, {}};
  for (std::size_t axis = 0; axis < space.axes(); ++axis)
    (space.ordered(axis) ? own.ordered : own.named).push_back(axis);
  const auto narrow = static_cast<unsigned>(seed ^ (seed >> 32));
  pagmo::population population(pagmo::problem(own), 0, narrow);
  for (const auto& levels : first) population.push_back(own.genes_of(levels));
  const double mutation = 1.0 / static_cast<double>(space.axes());
  const pagmo::algorithm search(
      pagmo::nsga2(generations, kCrossover, kCrossoverWidth, std::min(1.0, mutation), kMutationWidth, narrow));
  search.evolve(population);
}

std::vector<std::size_t> widest(std::vector<Values> front, const std::vector<Values>& candidates, std::size_t count) {
  const auto within = [](const Values& values) {
    return std::ranges::all_of(values, [](double value) { return value < 1; });
  };
  // pagmo2 has no lengths, which are volumes of one objective: that counts twice.
  const auto in_two = [](Values values) {
    if (values.size() == 1) values.push_back(values.front());
    return values;
  };
  std::vector<Values> kept;
  for (auto& values : front)
    if (within(values)) kept.push_back(in_two(std::move(values)));
  const auto gain = [&](std::size_t candidate) { return alone(in_two(candidates[candidate]), kept); };
  // What a candidate adds only falls as others come: one that is still first when looked at again is the best.
  const std::size_t end = candidates.size();
  std::priority_queue<std::pair<double, std::size_t>> queue;  // of equals the first
  for (std::size_t c = 0; c < end; ++c)
    if (within(candidates[c])) queue.emplace(gain(c), end - c);
  std::vector<std::size_t> chosen;
  while (!queue.empty() && chosen.size() < count) {
    const auto candidate = end - queue.top().second;
    queue.pop();
    const double now = gain(candidate);
    if (!queue.empty() && now < queue.top().first) {
      queue.emplace(now, end - candidate);
      continue;
    }
    if (!(now > 0)) break;
    chosen.push_back(candidate);
    kept.push_back(in_two(candidates[candidate]));
  }
  return chosen;
}

}  // namespace kiln::sweep

#else

namespace kiln::sweep {

bool has_pagmo() { return false; }
void breed(const Space&, const std::vector<Levels>&, std::size_t, std::uint64_t, unsigned, const Guess&) {}
std::vector<std::size_t> widest(std::vector<std::vector<double>>, const std::vector<std::vector<double>>&,
                                std::size_t) {
  return {};
}

}  // namespace kiln::sweep

#endif
