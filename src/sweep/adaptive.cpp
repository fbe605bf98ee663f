#include "sweep/adaptive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "sweep/pagmo_search.hpp"

namespace kiln::sweep {
namespace {

constexpr std::size_t kFirst = 48;       ///< points before the first guess
constexpr std::size_t kLeastBatch = 16;  ///< work for as many processes
constexpr std::size_t kBatchShare = 10;  ///< a batch is this part of what is known
constexpr std::size_t kExploring = 8;    ///< of so many points of a batch one is not the surrogate's
constexpr std::size_t kPopulation = 96;  ///< of NSGA-II
constexpr unsigned kGenerations = 30;
constexpr std::size_t kMostVolumes = 4;  ///< objectives; volumes of more take too long
constexpr double kFarReference = 1.5;    ///< a guess may be too bad
constexpr double kBeyond = 0.02;         ///< the worst ones count as well
constexpr double kPenalty = 2;           ///< of what seems infeasible, in widths of the objectives
constexpr std::uint64_t kStep = 32;      ///< neighbours are one level apart, or this part of a long axis

/// One batch as it is made.
class Batch {
 public:
  Batch(const Space& space, const std::vector<Trial>& known, std::uint64_t seed)
      : space_(space), known_(known), random_(base::mix(seed, known.size())) {
    for (const auto& trial : known) seen_.insert(trial.levels);
  }

  /// A Latin hypercube: each axis at all of its levels, as evenly as can be.
  std::vector<Levels> first(std::size_t count) {
    std::vector<std::vector<std::uint64_t>> columns(space_.axes());
    for (std::size_t axis = 0; axis < space_.axes(); ++axis) {
      auto& column = columns[axis];
      for (std::size_t i = 0; i < count; ++i) {
        const double share = (static_cast<double>(i) + random_.unit()) / static_cast<double>(count);
        const auto level = static_cast<std::uint64_t>(share * static_cast<double>(space_.levels(axis)));
        column.push_back(std::min(level, space_.levels(axis) - 1));
      }
      for (std::size_t i = count - 1; i > 0; --i) std::swap(column[i], column[random_.below(i + 1)]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      Levels levels;
      for (const auto& column : columns) levels.push_back(column[i]);
      take(std::move(levels));
    }
    fill(count);
    return std::move(chosen_);
  }

  std::vector<Levels> next(std::size_t count) {
    front_ = front_of(known_);
    const Lesson lesson(space_, known_, random_);
    if (lesson.any()) follow(lesson, count - count / kExploring);
    neighbours(count - 1);
    fill(count);
    return std::move(chosen_);
  }

 private:
  using Met = std::map<Levels, Lesson::Opinion>;

  void take(Levels levels) {
    if (seen_.insert(levels).second) chosen_.push_back(std::move(levels));
  }

  Levels anywhere() {
    Levels levels;
    for (std::size_t axis = 0; axis < space_.axes(); ++axis) levels.push_back(random_.below(space_.levels(axis)));
    return levels;
  }

  /// By chance; where that one is taken, the next one that is free.
  void fill(std::size_t count) {
    while (chosen_.size() < count && static_cast<double>(seen_.size()) < space_.combinations()) {
      auto levels = anywhere();
      while (seen_.contains(levels))
        for (std::size_t axis = space_.axes(); axis-- > 0;) {
          if (++levels[axis] < space_.levels(axis)) break;
          levels[axis] = 0;
        }
      take(std::move(levels));
    }
  }

  /// Of the points that NSGA-II met on the surrogate, those that would add most.
  void follow(const Lesson& lesson, std::size_t count) {
    Met met;
    const auto seed = random_.next();  // before the parents, who draw too: compilers differ in the order of arguments
    breed(space_, parents(), lesson.objectives(), seed, kGenerations, [&](const Levels& levels) {
      auto [found, is_new] = met.try_emplace(levels);
      auto& opinion = found->second;
      if (is_new) opinion = lesson.of(levels);
      auto values = opinion.objectives;
      if (opinion.excess > 0)
        for (auto& value : values) value += kPenalty + opinion.excess;
      return values;
    });
    std::erase_if(met, [&](const auto& each) { return seen_.contains(each.first); });
    for (auto& levels : front_.empty() ? least_excess(met, count) : most_gain(met, lesson, count))
      take(std::move(levels));
  }

  std::vector<Levels> most_gain(const Met& met, const Lesson& lesson, std::size_t count) {
    std::vector<const Levels*> names;
    std::vector<std::vector<double>> values;
    for (const auto& [levels, opinion] : met) {
      if (opinion.excess > 0) continue;
      names.push_back(&levels);
      values.push_back(opinion.objectives);
    }
    const auto best = undominated(values);
    std::vector<std::vector<double>> front, candidates;
    for (const std::size_t row : front_) front.push_back(lesson.scaled(known_[row].objectives));
    for (const std::size_t i : best) candidates.push_back(values[i]);
    reach_out(front, candidates);
    std::vector<std::size_t> order;
    if (lesson.objectives() <= kMostVolumes) {
      order = widest(std::move(front), candidates, count);
    } else {
      order.resize(candidates.size());
      std::iota(order.begin(), order.end(), std::size_t{0});
      for (std::size_t i = 0; i < order.size(); ++i) std::swap(order[i], order[i + random_.below(order.size() - i)]);
      order.resize(std::min(order.size(), count));
    }
    std::vector<std::size_t> places;
    places.reserve(order.size());
    for (const std::size_t i : order) places.push_back(best[i]);
    add_next_fronts(values, count, places);
    std::vector<Levels> chosen;
    chosen.reserve(places.size());
    for (const std::size_t place : places) chosen.push_back(*names[place]);
    return chosen;
  }

  /// Where fewer add anything: those that nothing but the chosen ones dominates, then those that nothing but these does.
  static void add_next_fronts(const std::vector<std::vector<double>>& values, std::size_t count,
                              std::vector<std::size_t>& places) {
    std::vector<bool> taken(values.size(), false);
    for (const std::size_t place : places) taken[place] = true;
    while (places.size() < std::min(count, values.size())) {
      std::vector<std::size_t> left;
      std::vector<std::vector<double>> some;
      for (std::size_t place = 0; place < values.size(); ++place) {
        if (taken[place]) continue;
        left.push_back(place);
        some.push_back(values[place]);
      }
      for (const std::size_t i : undominated(some)) {
        if (places.size() == count) break;
        places.push_back(left[i]);
        taken[left[i]] = true;
      }
    }
  }

  /// Counts from the worst that is known or guessed, not too far away: the best of one objective may be worse in another
  /// than all that is known.
  static void reach_out(std::vector<std::vector<double>>& front, std::vector<std::vector<double>>& candidates) {
    for (std::size_t i = 0; i < front.front().size(); ++i) {
      double worst = 1;
      for (const auto& candidate : candidates) worst = std::max(worst, candidate[i]);
      const double reference = std::min(worst, kFarReference) + kBeyond;
      for (auto* list : {&front, &candidates})
        for (auto& values : *list) values[i] /= reference;
    }
  }

  /// Where nothing is feasible yet.
  static std::vector<Levels> least_excess(const Met& met, std::size_t count) {
    std::vector<std::pair<double, const Levels*>> all;
    for (const auto& [levels, opinion] : met) all.emplace_back(opinion.excess, &levels);
    std::ranges::stable_sort(all, {}, &std::pair<double, const Levels*>::first);
    std::vector<Levels> chosen;
    for (std::size_t i = 0; i < std::min(count, all.size()); ++i) chosen.push_back(*all[i].second);
    return chosen;
  }

  /// Half of the population from the front, the others by chance.
  std::vector<Levels> parents() {
    std::vector<Levels> all;
    all.reserve(kPopulation);
    const std::size_t best = std::min(front_.size(), kPopulation / 2);
    for (std::size_t i = 0; i < best; ++i) all.push_back(known_[front_[i * front_.size() / best]].levels);
    while (all.size() < kPopulation) all.push_back(anywhere());
    return all;
  }

  /// One step from the front on one axis.
  void neighbours(std::size_t count) {
    for (std::size_t attempt = 0; attempt < 4 * count && !front_.empty() && chosen_.size() < count; ++attempt) {
      auto levels = known_[front_[random_.below(front_.size())]].levels;
      const auto axis = random_.below(space_.axes());
      auto& level = levels[axis];
      const auto last = space_.levels(axis) - 1;
      const auto step = std::max<std::uint64_t>(1, last / kStep);
      if (!space_.ordered(axis)) {
        level = random_.below(last + 1);
      } else if (random_.below(2) == 0) {
        level = level < step ? 0 : level - step;
      } else {
        level = std::min(last, level + step);
      }
      take(std::move(levels));
    }
  }

  const Space& space_;
  const std::vector<Trial>& known_;
  base::Random random_;
  std::set<Levels> seen_;
  std::vector<Levels> chosen_;
  std::vector<std::size_t> front_;
};

}  // namespace

Trial Adaptive::trial_of(Levels levels, const Outcome& outcome) const {
  Trial trial{std::move(levels), outcome.state == State::Done, {}, {}};
  for (const auto& objective : spec_.objectives) {
    const auto value = number_of(outcome.figures, objective.figure);
    if (!value || !std::isfinite(*value)) return {std::move(trial.levels), false, {}, {}};
    trial.objectives.push_back(objective.direction == Direction::Maximum ? -*value : *value);
  }
  trial.margins = margins_.of(outcome.figures);
  return trial;
}

std::size_t Adaptive::batch_size(std::size_t begin) {
  return begin == 0 ? kFirst : std::max(kLeastBatch, begin / kBatchShare);
}

std::size_t Adaptive::batch_begin(std::size_t number) {
  std::size_t begin = 0;
  while (begin + batch_size(begin) <= number) begin += batch_size(begin);
  return begin;
}

std::vector<Levels> Adaptive::propose(const std::vector<Trial>& answered) const {
  Batch batch(space_, answered, spec_.sample.seed);
  const auto count = batch_size(answered.size());
  return answered.empty() ? batch.first(count) : batch.next(count);
}

base::Result<std::vector<Setting>> Adaptive::first_points() const {
  const auto wanted = spec_.sample.points;
  if (static_cast<double>(wanted) > space_.combinations())
    return base::Error{
        fmt::format("/sample/points is {}; there are {} different points", wanted, space_.combinations())};
  std::vector<Setting> points;
  for (const auto& levels : propose({}))
    if (points.size() < wanted) points.push_back(space_.setting_of(levels));
  return points;
}

}  // namespace kiln::sweep
