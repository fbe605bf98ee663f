#include "sweep/lesson.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace kiln::sweep {
namespace {

constexpr std::size_t kLearned = 500;  ///< points of a surrogate at most: its cost is their cube
constexpr double kLargest = 1e100;     ///< of a margin: its square must be a number
constexpr double kFarthest = 1000;     ///< of a guess, in widths of the objective: an exponential may say anything

bool dominates(const std::vector<double>& a, const std::vector<double>& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] > b[i]) return false;
  return a != b;
}

/// By how much a guessed margin breaks its constraint; no guess counts as its largest margin does.
double excess_of(double margin) { return std::isfinite(margin) ? std::max(0.0, -margin) : 1; }

/// The front, at most half of them, and others by chance.
std::vector<std::size_t> thinned(std::vector<std::size_t> rows, const std::vector<std::size_t>& front,
                                 base::Random& random) {
  if (rows.size() <= kLearned) return rows;
  std::set<std::size_t> kept;
  const std::size_t best = std::min(front.size(), kLearned / 2);
  for (std::size_t i = 0; i < best; ++i) kept.insert(front[i * front.size() / best]);
  while (kept.size() < kLearned) kept.insert(rows[random.below(rows.size())]);
  return {kept.begin(), kept.end()};
}

}  // namespace

std::vector<std::size_t> undominated(const std::vector<std::vector<double>>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // Whatever could dominate one comes before it.
  std::ranges::stable_sort(order, {}, [&](std::size_t i) -> const std::vector<double>& { return values[i]; });
  std::vector<std::size_t> front;
  for (const std::size_t i : order)
    if (std::ranges::none_of(front,
                             [&](std::size_t f) { return values[f] == values[i] || dominates(values[f], values[i]); }))
      front.push_back(i);
  return front;
}

std::vector<std::size_t> front_of(const std::vector<Trial>& trials) {
  std::vector<std::size_t> rows;
  std::vector<std::vector<double>> values;
  for (std::size_t row = 0; row < trials.size(); ++row) {
    if (!trials[row].feasible) continue;
    rows.push_back(row);
    values.push_back(trials[row].objectives);
  }
  auto front = undominated(values);
  for (auto& place : front) place = rows[place];
  return front;
}

Lesson::Lesson(const Space& space, const std::vector<Trial>& trials, base::Random& random) : space_(space) {
  const auto rows = rows_with_figures(trials);
  if (rows.empty()) return;
  const bool any_feasible = std::ranges::any_of(trials, &Trial::feasible);
  for (const std::size_t row : rows) {
    if (any_feasible && !trials[row].feasible) continue;
    const auto& values = trials[row].objectives;
    if (best_.empty()) best_ = worst_ = values;
    for (std::size_t i = 0; i < values.size(); ++i) {
      best_[i] = std::min(best_[i], values[i]);
      worst_[i] = std::max(worst_[i], values[i]);
    }
  }
  const auto front = front_of(trials);
  learn_figures(trials, thinned(rows, front, random));
  if (rows.size() == trials.size()) return;
  std::vector<std::size_t> all(trials.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  learn_chips(trials, thinned(std::move(all), front, random));
}

std::vector<std::size_t> Lesson::rows_with_figures(const std::vector<Trial>& trials) const {
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < trials.size(); ++row)
    if (!trials[row].objectives.empty()) rows.push_back(row);
  return rows;
}

/// Objectives of one sign as logarithms: what is a product of axes is a sum then, and easier to guess.
void Lesson::learn_figures(const std::vector<Trial>& trials, const std::vector<std::size_t>& rows) {
  for (std::size_t i = 0; i < objectives(); ++i) {
    const double sign = worst_[i] > 0 ? 1 : -1;
    const bool all = std::ranges::all_of(rows, [&](std::size_t row) { return sign * trials[row].objectives[i] > 0; });
    sign_.push_back(all ? sign : 0);
  }
  std::vector<std::vector<double>> inputs, outputs(objectives() + trials[rows.front()].margins.size());
  for (const std::size_t row : rows) {
    const auto& trial = trials[row];
    inputs.push_back(space_.coordinates(trial.levels));
    for (std::size_t i = 0; i < objectives(); ++i)
      outputs[i].push_back(sign_[i] != 0 ? std::log(sign_[i] * trial.objectives[i]) : trial.objectives[i]);
    for (std::size_t i = 0; i < trial.margins.size(); ++i) outputs[objectives() + i].push_back(trial.margins[i]);
  }
  for (std::size_t i = objectives(); i < outputs.size(); ++i) {
    double most = 0;
    for (const double margin : outputs[i]) most = std::max(most, std::abs(margin));
    const bool far = most > kLargest;
    if (far)
      for (double& margin : outputs[i]) margin /= most;
    units_.push_back(most > 0 && !far ? most : 1);
  }
  surrogate_.emplace(std::move(inputs), outputs);
}

void Lesson::learn_chips(const std::vector<Trial>& trials, const std::vector<std::size_t>& rows) {
  std::vector<std::vector<double>> inputs, outputs(1);
  for (const std::size_t row : rows) {
    inputs.push_back(space_.coordinates(trials[row].levels));
    outputs.front().push_back(trials[row].objectives.empty() ? -1 : 1);
  }
  chips_.emplace(std::move(inputs), outputs);
}

std::vector<double> Lesson::scaled(const std::vector<double>& objectives) const {
  std::vector<double> all;
  for (std::size_t i = 0; i < objectives.size(); ++i) {
    const double width = worst_[i] - best_[i];
    const double value = (objectives[i] - best_[i]) / (width > 0 ? width : 1);
    all.push_back(std::isnan(value) ? kFarthest : std::clamp(value, -kFarthest, kFarthest));
  }
  return all;
}

Lesson::Opinion Lesson::of(const Levels& levels) const {
  const auto input = space_.coordinates(levels);
  auto guesses = surrogate_->at(input);
  Opinion opinion;
  for (std::size_t i = objectives(); i < guesses.size(); ++i)
    opinion.excess += excess_of(guesses[i] / units_[i - objectives()]);
  if (chips_) opinion.excess += excess_of(chips_->at(input).front());
  guesses.resize(objectives());
  for (std::size_t i = 0; i < objectives(); ++i)
    if (sign_[i] != 0) guesses[i] = sign_[i] * std::exp(guesses[i]);
  opinion.objectives = scaled(guesses);
  return opinion;
}

}  // namespace kiln::sweep
