// What an adaptive search promises, on whole grids: with a fifth of the points 95 % of the hypervolume, and at most half of
// the gap that as many random points leave. Each spec beside this file is a grid; the figures are printed.
#include "sweep/adaptive.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "base/random.hpp"
#include "support/study_test.hpp"
#include "sweep/accuracy.hpp"
#include "sweep/pagmo_search.hpp"
#include "sweep/plan.hpp"

namespace kiln::sweep {
namespace {

using Values = std::vector<double>;

/// Exact, by slices of the last objective; all values count from 0, the best, to 1, the reference point. Not the search's
/// own: it has pagmo2's.
double hypervolume(std::vector<Values> points, std::size_t objectives) {
  std::erase_if(points,
                [](const Values& each) { return std::ranges::any_of(each, [](double value) { return value >= 1; }); });
  if (points.empty()) return 0;
  const std::size_t last = objectives - 1;
  std::ranges::sort(points, {}, [&](const Values& each) { return each[last]; });
  if (objectives == 1) return 1 - points.front()[0];
  double volume = 0;
  std::vector<Values> slice;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto covers = [&](const Values& a, const Values& b) {
      for (std::size_t k = 0; k < last; ++k)
        if (a[k] > b[k]) return false;
      return true;
    };
    if (std::ranges::none_of(slice, [&](const Values& each) { return covers(each, points[i]); })) {
      std::erase_if(slice, [&](const Values& each) { return covers(points[i], each); });
      slice.push_back(points[i]);
    }
    const double next = i + 1 < points.size() ? points[i + 1][last] : 1;
    if (next > points[i][last]) volume += (next - points[i][last]) * hypervolume(slice, last);
  }
  return volume;
}

class AdaptiveGrid : public test::StudyTest, public testing::WithParamInterface<const char*> {
 protected:
  /// Answers every point of the spec's grid.
  void answer(const std::string& name) {
    const auto file = std::string(KILN_SOURCE_DIR "/tests/sweep/long/") + name + ".json";
    std::ifstream in(file);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    for (std::size_t at = 0; (at = text.find("\"models/", at)) != text.npos; at += 8)
      text.insert(at + 1, KILN_SOURCE_DIR "/");
    auto plan = plan_of(text, file, environment_);
    ASSERT_TRUE(plan.ok()) << plan.error().message;
    plan_ = *std::move(plan);
    std::vector<std::uint64_t> numbers(plan_.resolver->points().size());
    std::iota(numbers.begin(), numbers.end(), std::uint64_t{0});
    const auto measured = measure(plan_, numbers, {folder_, nullptr, {}}, environment_);
    ASSERT_TRUE(measured.ok()) << measured.error().message;
    const Adaptive search(*plan_.spec);
    for (const std::uint64_t number : numbers) {
      const auto levels = search.space().levels_of(plan_.resolver->points()[number]);
      ASSERT_TRUE(levels);
      const auto outcome = evaluate(*plan_.spec, *plan_.resolver, number, false, environment_);
      ASSERT_NE(outcome.state, State::Failed) << outcome.reason;
      all_.push_back(search.trial_of(*levels, outcome));
      grid_[*levels] = all_.back();
    }
    for (const auto& trial : all_) {
      if (!trial.feasible) continue;
      ++feasible_;
      if (best_.empty()) best_ = worst_ = trial.objectives;
      for (std::size_t i = 0; i < best_.size(); ++i) {
        best_[i] = std::min(best_[i], trial.objectives[i]);
        worst_[i] = std::max(worst_[i], trial.objectives[i]);
      }
    }
  }
  [[nodiscard]] double volume(const std::vector<Trial>& trials) const {
    std::vector<Values> points;
    for (const auto& trial : trials) {
      if (!trial.feasible) continue;
      auto& values = points.emplace_back(trial.objectives);
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = (values[i] - best_[i]) / (worst_[i] - best_[i]);
    }
    return hypervolume(std::move(points), best_.size());
  }
  [[nodiscard]] std::vector<Trial> searched(std::uint64_t seed, std::size_t count) {
    auto spec = *plan_.spec;
    spec.sample.seed = seed;
    const Adaptive search(spec);
    std::vector<Trial> trials;
    while (trials.size() < count)
      for (const auto& levels : search.propose(trials)) trials.push_back(grid_.at(levels));
    trials.resize(count);
    return trials;
  }
  [[nodiscard]] std::vector<Trial> drawn(std::uint64_t seed, std::size_t count) const {
    auto trials = all_;
    base::Random random(seed);
    for (std::size_t i = 0; i < count; ++i) std::swap(trials[i], trials[i + random.below(trials.size() - i)]);
    trials.resize(count);
    return trials;
  }

  Plan plan_;
  std::vector<Trial> all_;
  std::map<Levels, Trial> grid_;
  Values best_, worst_;
  std::size_t feasible_ = 0;
};

TEST_P(AdaptiveGrid, AFifthOfThePointsHasItsFront) {
  if (!has_pagmo()) GTEST_SKIP() << "Kiln was built without pagmo2";
  answer(GetParam());
  ASSERT_GE(all_.size(), 2000U);
  ASSERT_EQ(best_.size(), 3U) << "objectives";
  const double whole = volume(all_);
  const std::size_t count = all_.size() / 5;
  fmt::print("{}: {} points, {} feasible, hypervolume {:.4f}; with {} points:\n", GetParam(), all_.size(), feasible_,
             whole, count);
  for (const std::uint64_t seed : {1, 2, 3}) {
    const double found = volume(searched(seed, count)) / whole, chance = volume(drawn(seed, count)) / whole;
    fmt::print("  seed {}: adaptive {:.4f} of it, random {:.4f}; gaps {:.5f} and {:.5f}\n", seed, found, chance,
               1 - found, 1 - chance);
    EXPECT_GE(found, 0.95) << seed;
    EXPECT_LE(1 - found, 0.5 * (1 - chance)) << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Specs, AdaptiveGrid, testing::Values("recipes-and-chips", "hc1-limits"), [](const auto& each) {
  std::string name = each.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(Hypervolume, ByHand) {
  EXPECT_DOUBLE_EQ(hypervolume({{0.5, 0.5}}, 2), 0.25);
  EXPECT_DOUBLE_EQ(hypervolume({{0.5, 0.5}, {0.25, 0.75}, {0.6, 0.6}, {0, 1}}, 2), 0.3125);
  EXPECT_DOUBLE_EQ(hypervolume({{0.5, 0.5, 0.5}, {0, 0.75, 0.75}, {0.75, 0.75, 0}}, 3), 0.125 + 0.03125 + 0.03125);
}

}  // namespace
}  // namespace kiln::sweep
