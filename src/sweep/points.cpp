#include "sweep/points.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/sobol.hpp>
#include <cmath>
#include <numeric>
#include <set>

#include "base/random.hpp"
#include "sweep/adaptive.hpp"
#include "sweep/axes.hpp"

namespace kiln::sweep {
namespace {

/// In a row, of a sequence that finds nothing new.
constexpr std::uint64_t kMostRepeats = 100000;
constexpr std::size_t kMostSobol = 1000;  ///< axes; Boost has directions for more

class Maker {
 public:
  Maker(const Spec& spec, const BaseValue& base_value) : spec_(spec), base_value_(base_value) {
    for (std::size_t i = 0; i < spec.axes.size(); ++i)
      if (!spec.axes[i].formula) free_.push_back(i);
  }

  base::Result<std::vector<Setting>> make() {
    if (free_.empty()) return base::Error{"/vary has formulas alone; an axis with values is expected"};
    const auto made = by_method();
    if (!made) return made.error();
    return complete(std::move(points_));
  }

  base::Result<std::vector<Setting>> complete(std::vector<Setting> settings) {
    points_ = std::move(settings);
    if (const auto good = add_formulas(); !good) return good.error();
    if (const auto good = check_lengths(); !good) return good.error();
    return std::move(points_);
  }

 private:
  base::Status by_method() {
    switch (spec_.sample.method) {
      case Method::Grid:
        return grid();
      case Method::List:
        return list();
      case Method::Random:
      case Method::Sobol:
      case Method::LatinHypercube:
        return draw();
      case Method::OneAtATime:
        return one_at_a_time();
      case Method::Adaptive: {
        auto first = Adaptive(spec_).first_points();
        if (!first) return first.error();
        points_ = *std::move(first);
        return {};
      }
    }
    return {};
  }

  [[nodiscard]] Setting empty() const { return Setting(spec_.axes.size()); }

  base::Status grid() {
    double count = 1;
    for (const std::size_t a : free_) count *= static_cast<double>(spec_.axes[a].values.size());
    if (count > static_cast<double>(kMostPoints))
      return base::Error{fmt::format("the grid has {:.4g} points; at most {} are expected", count, kMostPoints)};
    for (std::uint64_t number = 0; number < static_cast<std::uint64_t>(count); ++number)
      points_.push_back(combination(number));
    return {};
  }

  /// Of all that lists have; the last axis is the fastest.
  [[nodiscard]] Setting combination(std::uint64_t number) const {
    Setting setting = empty();
    for (std::size_t i = free_.size(); i-- > 0;) {
      const auto& values = spec_.axes[free_[i]].values;
      setting[free_[i]] = values[number % values.size()];
      number /= values.size();
    }
    return setting;
  }

  base::Status list() {
    const auto& first = spec_.axes[free_.front()];
    for (const std::size_t a : free_)
      if (spec_.axes[a].values.size() != first.values.size())
        return base::Error{fmt::format("/sample/method is list, and {} has {} values, {} has {}; as many are expected",
                                       first.name, first.values.size(), spec_.axes[a].name,
                                       spec_.axes[a].values.size())};
    if (first.values.size() > kMostPoints)
      return base::Error{
          fmt::format("the list has {} points; at most {} are expected", first.values.size(), kMostPoints)};
    for (std::size_t i = 0; i < first.values.size(); ++i) {
      Setting setting = empty();
      for (const std::size_t a : free_) setting[a] = spec_.axes[a].values[i];
      points_.push_back(std::move(setting));
    }
    return {};
  }

  /// How many combinations lists alone have; none where an axis is a range.
  [[nodiscard]] std::optional<double> combinations() const {
    double count = 1;
    for (const std::size_t a : free_) {
      if (spec_.axes[a].range) return std::nullopt;
      count *= static_cast<double>(spec_.axes[a].values.size());
    }
    return count;
  }

  base::Status draw() {
    const auto all = combinations();
    if (all && static_cast<double>(spec_.sample.points) > *all)
      return base::Error{fmt::format("/sample/points is {}; there are {} different points", spec_.sample.points, *all)};
    std::set<std::string> seen;
    base::Random random(spec_.sample.seed);
    // Where most of them are wanted, chance would look for the last ones for ever.
    const bool most = all && 2.0 * static_cast<double>(spec_.sample.points) > *all;
    if (spec_.sample.method != Method::Random || !most)
      if (const auto drawn = draw_in_sequence(random, seen, most); !drawn) return drawn;
    if (spec_.sample.method != Method::Sobol && most) draw_from_all(static_cast<std::size_t>(*all), random, seen);
    if (points_.size() < spec_.sample.points)
      return base::Error{fmt::format("/sample/points is {}; {} found {} different points", spec_.sample.points,
                                     kMethods[spec_.sample.method], points_.size())};
    return {};
  }

  /// Whether it is a new point.
  bool add(Setting&& setting, std::set<std::string>& seen) {
    const bool is_new = seen.insert(json::write(json::Array(setting.begin(), setting.end()))).second;
    if (is_new) points_.push_back(std::move(setting));
    return is_new;
  }

  /// What is missing, of all combinations of lists in an order by chance.
  void draw_from_all(std::size_t all, base::Random& random, std::set<std::string>& seen) {
    std::vector<std::uint64_t> order(all);
    std::iota(order.begin(), order.end(), std::uint64_t{0});
    for (std::size_t i = 0; i < all && points_.size() < spec_.sample.points; ++i) {
      std::swap(order[i], order[i + random.below(all - i)]);
      // Different ones as they are.
      if (seen.empty())
        points_.push_back(combination(order[i]));
      else
        add(combination(order[i]), seen);
    }
  }

  /// The method's sequence until so many different points are there; where strata of a hypercube meet, chance goes on.
  base::Status draw_in_sequence(base::Random& random, std::set<std::string>& seen, bool most) {
    const auto dimensions = free_.size();
    std::optional<boost::random::sobol> sobol;
    if (spec_.sample.method == Method::Sobol) {
      if (dimensions > kMostSobol)
        return base::Error{
            fmt::format("/vary has {} axes; Sobol's sequence is for at most {}", dimensions, kMostSobol)};
      sobol.emplace(dimensions);
    }
    const auto columns = hypercube(random);
    std::uint64_t repeats = 0;
    for (std::uint64_t i = 0; points_.size() < spec_.sample.points && repeats < kMostRepeats; ++i) {
      if (most && !columns.empty() && i == spec_.sample.points) break;
      Setting setting = empty();
      for (std::size_t d = 0; d < dimensions; ++d) {
        double share = 0;
        if (sobol) {
          // A digital shift by the seed: as even, and another sample.
          share = static_cast<double>(((*sobol)() ^ base::mix(spec_.sample.seed, d)) >> 11) * 0x1p-53;
        } else if (!columns.empty() && i < spec_.sample.points) {
          share = (static_cast<double>(columns[d][i]) + random.unit()) / static_cast<double>(spec_.sample.points);
        } else {
          share = random.unit();
        }
        setting[free_[d]] = value_at(spec_.axes[free_[d]], share);
      }
      repeats = add(std::move(setting), seen) ? 0 : repeats + 1;
    }
    return {};
  }

  /// For each axis an order of the strata; empty for other methods.
  std::vector<std::vector<std::uint64_t>> hypercube(base::Random& random) const {
    std::vector<std::vector<std::uint64_t>> columns;
    if (spec_.sample.method != Method::LatinHypercube) return columns;
    for (std::size_t d = 0; d < free_.size(); ++d) {
      auto& column = columns.emplace_back(spec_.sample.points);
      std::iota(column.begin(), column.end(), std::uint64_t{0});
      for (std::size_t i = column.size() - 1; i > 0; --i) std::swap(column[i], column[random.below(i + 1)]);
    }
    return columns;
  }

  /// The base, then each axis alone: at its values, or a share below and above what the base has.
  base::Status one_at_a_time() {
    points_.push_back(empty());
    for (const std::size_t a : free_) {
      const auto& axis = spec_.axes[a];
      auto values = axis.values;
      const auto own = base_value_(axis);
      if (values.empty()) {
        if (!own || !own->is_number())
          return base::Error{fmt::format("/vary/{} is {{}}, and the base has no number there", axis.name)};
        values = changed(*own);
      }
      std::set<std::string> seen;
      for (const auto& value : values) {
        if ((own && *own == value) || !seen.insert(json::write(value)).second) continue;  // it is the base
        Setting setting = empty();
        setting[a] = value;
        points_.push_back(std::move(setting));
      }
    }
    return {};
  }

  /// Ranges and formulas may lead where no run is.
  [[nodiscard]] base::Status check_lengths() const {
    for (std::size_t a = 0; a < spec_.axes.size(); ++a) {
      const auto limits = std::ranges::find(kLengths, spec_.axes[a].name, &LengthLimits::name);
      if (limits == kLengths.end()) continue;
      for (const auto& setting : points_) {
        const auto& value = setting[a];
        if (value.is_null() || (value.is_whole() && value.whole() >= limits->least && value.whole() <= limits->most))
          continue;
        return base::Error{fmt::format("/vary/{}: {} is one of its values; an integer from {} to {} is expected",
                                       limits->name, json::write(value), limits->least, limits->most)};
      }
    }
    return {};
  }

  /// Whole numbers stay whole, and move by one at least.
  [[nodiscard]] std::vector<json::Value> changed(const json::Value& own) const {
    std::vector<json::Value> values;
    for (const double sign : {-1.0, 1.0}) {
      const double value = own.number() * (1 + sign * spec_.sample.change_percent / 100);
      if (!own.is_whole()) {
        values.emplace_back(value);
        continue;
      }
      const double was = own.number();
      const double next = sign < 0 ? std::min(std::round(value), was - 1) : std::max(std::round(value), was + 1);
      if (next >= 0) values.emplace_back(static_cast<std::uint64_t>(next));
    }
    return values;
  }

  base::Status add_formulas() {
    for (std::size_t a = 0; a < spec_.axes.size(); ++a) {
      const auto& axis = spec_.axes[a];
      if (!axis.formula) continue;
      for (auto& setting : points_) {
        const auto value = axis.formula->value([&](const std::string& name) { return number_of(name, setting); });
        if (!value)
          return base::Error{fmt::format("/vary/{}: {} has no value where its names are not numbers or it divides by 0",
                                         axis.name, axis.formula->text())};
        const bool whole = *value == std::floor(*value) && *value >= 0 && *value < 0x1p53;
        setting[a] = whole ? json::Value(static_cast<std::uint64_t>(*value)) : json::Value(*value);
      }
    }
    return {};
  }

  [[nodiscard]] std::optional<double> number_of(const std::string& name, const Setting& setting) const {
    for (const std::size_t a : free_) {
      if (spec_.axes[a].formula_name() != name) continue;
      const auto own = setting[a].is_null() ? base_value_(spec_.axes[a]) : std::optional(setting[a]);
      if (own && own->is_number()) return own->number();
    }
    return std::nullopt;
  }

  const Spec& spec_;
  const BaseValue& base_value_;
  std::vector<std::size_t> free_;  ///< axes with values of their own
  std::vector<Setting> points_;
};

}  // namespace

base::Result<std::vector<Setting>> points_of(const Spec& spec, const BaseValue& base_value) {
  return Maker(spec, base_value).make();
}

base::Status complete(const Spec& spec, const BaseValue& base_value, std::vector<Setting>& settings) {
  auto done = Maker(spec, base_value).complete(std::move(settings));
  if (!done) return done.error();
  settings = *std::move(done);
  return {};
}

}  // namespace kiln::sweep
