#include "sweep/search.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sweep/open_database.hpp"
#include "sweep/pagmo_search.hpp"

namespace kiln::sweep {

base::Status check_search(const Spec& spec, const SweepQuestion& question) {
  if (spec.sample.method != Method::Adaptive) return {};
  if (question.shard || question.emit || question.scheduler != Scheduler::Local)
    return base::Error{
        "/sample/method is adaptive, whose points follow from answers to others: they cannot be "
        "answered in parts; -j N is expected"};
  if (!has_pagmo())
    return base::Error{
        "/sample/method is adaptive, and this Kiln was built without pagmo2: install libpagmo-dev, then "
        "build it again with -DKILN_ADAPTIVE=ON"};
  return {};
}

std::uint64_t Search::points() const {
  return plan_.spec->sample.method == Method::Adaptive ? plan_.spec->sample.points : plan_.resolver->points().size();
}

void Search::note(const Outcome& outcome) {
  if (plan_.spec->sample.method != Method::Adaptive || outcome.state == State::Interrupted) return;
  auto levels = adaptive_.space().levels_of(plan_.resolver->points().at(outcome.number));
  if (trials_.size() <= outcome.number) trials_.resize(outcome.number + 1);
  trials_[outcome.number] = levels ? adaptive_.trial_of(*std::move(levels), outcome) : Trial{};
}

base::Status Search::restart() {
  const auto& resolver = *plan_.resolver;
  auto first = points_of(*plan_.spec, [&](const Axis& axis) { return resolver.base_value(axis); });
  if (!first) return first.error();
  plan_.resolver->set_points(*std::move(first));
  const auto known = known_answers(question_, &database_);
  if (!known) return known.error();
  trials_.clear();
  answers_.reset();
  return database_.replace(plan_.record, plan_.rows(*known));
}

base::Result<std::vector<Outcome>> Search::next() {
  const std::size_t there = plan_.resolver->points().size();
  std::vector<Outcome> outcomes;
  if (there >= points()) return outcomes;
  for (std::size_t number = 0; number < there; ++number)
    if (number >= trials_.size() || trials_[number].levels.empty())
      return base::Error{
          fmt::format("{} is damaged: point {} has values that its spec has not", database_.path(), number)};
  // A batch that was cut off, where fewer points were wanted, goes on.
  const auto begin = Adaptive::batch_begin(there);
  auto batch = adaptive_.propose({trials_.begin(), trials_.begin() + static_cast<std::ptrdiff_t>(begin)});
  for (std::size_t i = 0; i < there - begin; ++i)
    if (i >= batch.size() || batch[i] != trials_[begin + i].levels)
      return base::Error{
          fmt::format("{}: the search proposes another point {} than there is: the answers to those "
                      "before it are not the same; --extend begins again and uses them",
                      database_.path(), begin + i)};
  batch.erase(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(there - begin));
  if (batch.size() > points() - there) batch.resize(points() - there);
  std::vector<Setting> settings;
  settings.reserve(batch.size());
  for (const auto& levels : batch) settings.push_back(adaptive_.space().setting_of(levels));
  const auto& resolver = *plan_.resolver;
  const auto completed = complete(
      *plan_.spec, [&](const Axis& axis) { return resolver.base_value(axis); }, settings);
  if (!completed) return completed.error();
  auto all = resolver.points();
  all.insert(all.end(), settings.begin(), settings.end());
  plan_.resolver->set_points(std::move(all));
  if (!answers_) {
    auto known = known_answers(question_, &database_);
    if (!known) return known.error();
    answers_ = *std::move(known);
  }
  std::vector<Row> rows;
  for (std::size_t number = there; number < resolver.points().size(); ++number) {
    rows.push_back(plan_.row(number, *answers_));
    outcomes.push_back(rows.back().outcome);
  }
  if (const auto good = database_.append(rows); !good) return good.error();
  return outcomes;
}

}  // namespace kiln::sweep
