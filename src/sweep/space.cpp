#include "sweep/space.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace kiln::sweep {
namespace {

constexpr std::uint64_t kFine = 1U << 20;  ///< steps of a range of fractions

double share_within(const Range& range, double value) {
  if (range.from == range.to) return 0;
  return range.logarithmic ? std::log(value / range.from) / std::log(range.to / range.from)
                           : (value - range.from) / (range.to - range.from);
}

double value_within(const Range& range, double share) {
  return range.logarithmic ? range.from * std::pow(range.to / range.from, share)
                           : range.from + (range.to - range.from) * share;
}

}  // namespace

Space::Space(const Spec& spec) : spec_axes_(spec.axes.size()) {
  for (std::size_t place = 0; place < spec.axes.size(); ++place) {
    const auto& axis = spec.axes[place];
    if (axis.formula) continue;
    Gauge gauge{&axis, place, axis.values.size(), true, {}};
    if (axis.range) {
      gauge.levels = axis.range->from == axis.range->to ? 1
                     : axis.range->whole ? static_cast<std::uint64_t>(axis.range->to - axis.range->from) + 1
                                         : kFine + 1;
    } else {
      gauge.order.resize(axis.values.size());
      std::iota(gauge.order.begin(), gauge.order.end(), std::size_t{0});
      gauge.ordered = std::ranges::all_of(axis.values, [](const json::Value& value) { return value.is_number(); });
      if (gauge.ordered)
        std::ranges::stable_sort(gauge.order, {}, [&](std::size_t i) { return axis.values[i].number(); });
    }
    // Two names are as one coordinate with two ends.
    gauge.ordered = gauge.ordered || gauge.levels <= 2;
    dimensions_ += gauge.ordered ? 1 : gauge.levels;
    gauges_.push_back(std::move(gauge));
  }
}

double Space::combinations() const {
  double count = 1;
  for (const auto& gauge : gauges_) count *= static_cast<double>(gauge.levels);
  return count;
}

json::Value Space::value_of(const Gauge& gauge, std::uint64_t level) const {
  if (!gauge.axis->range) return gauge.axis->values[gauge.order[level]];
  const auto& range = *gauge.axis->range;
  if (!range.whole) return value_within(range, static_cast<double>(level) / static_cast<double>(kFine));
  const double value = range.from + static_cast<double>(level);
  if (value < 0) return static_cast<std::int64_t>(value);
  return static_cast<std::uint64_t>(value);
}

double Space::share_of(std::size_t axis, std::uint64_t level) const {
  const auto& gauge = gauges_[axis];
  if (gauge.levels == 1) return 0;
  if (gauge.axis->range && gauge.axis->range->whole)
    return share_within(*gauge.axis->range, gauge.axis->range->from + static_cast<double>(level));
  return static_cast<double>(level) / static_cast<double>(gauge.levels - 1);
}

std::uint64_t Space::level_at(std::size_t axis, double share) const {
  const auto& gauge = gauges_[axis];
  share = std::clamp(share, 0.0, 1.0);
  const auto last = static_cast<double>(gauge.levels - 1);
  double level = share * last;
  if (gauge.axis->range && gauge.axis->range->whole)
    level = value_within(*gauge.axis->range, share) - gauge.axis->range->from;
  return static_cast<std::uint64_t>(std::clamp(std::round(level), 0.0, last));
}

Setting Space::setting_of(const Levels& levels) const {
  Setting setting(spec_axes_);
  for (std::size_t a = 0; a < gauges_.size(); ++a) setting[gauges_[a].place] = value_of(gauges_[a], levels[a]);
  return setting;
}

std::optional<Levels> Space::levels_of(const Setting& setting) const {
  Levels levels;
  for (std::size_t a = 0; a < gauges_.size(); ++a) {
    const auto& gauge = gauges_[a];
    const auto& value = setting[gauge.place];
    std::optional<std::uint64_t> level;
    if (gauge.axis->range) {
      if (value.is_number()) level = level_at(a, share_within(*gauge.axis->range, value.number()));
    } else {
      for (std::uint64_t each = 0; each < gauge.levels && !level; ++each)
        if (json::write(value_of(gauge, each)) == json::write(value)) level = each;
    }
    // As they are written: that is how they were kept.
    if (!level || json::write(value_of(gauge, *level)) != json::write(value)) return std::nullopt;
    levels.push_back(*level);
  }
  return levels;
}

std::vector<double> Space::coordinates(const Levels& levels) const {
  std::vector<double> all;
  all.reserve(dimensions_);
  for (std::size_t a = 0; a < gauges_.size(); ++a) {
    if (gauges_[a].ordered) {
      all.push_back(share_of(a, levels[a]));
    } else {
      for (std::uint64_t each = 0; each < gauges_[a].levels; ++each) all.push_back(each == levels[a] ? 1 : 0);
    }
  }
  return all;
}

}  // namespace kiln::sweep
