// The axes of a spec as a search sees them: levels, counted from 0. A list's levels are its values, numbers in their
// order; a range's are its whole numbers, or fine steps where it has others. Private to the sweep module.
#pragma once

#include <cstdint>
#include <vector>

#include "sweep/points.hpp"

namespace kiln::sweep {

/// A level for each axis that has values of its own.
using Levels = std::vector<std::uint64_t>;

class Space {
 public:
  /// `spec` must outlive it.
  explicit Space(const Spec& spec);

  [[nodiscard]] std::size_t axes() const { return gauges_.size(); }
  [[nodiscard]] std::uint64_t levels(std::size_t axis) const { return gauges_[axis].levels; }
  /// Whether neighbouring levels are alike: numbers are, names are not.
  [[nodiscard]] bool ordered(std::size_t axis) const { return gauges_[axis].ordered; }
  /// How many points there are; infinite ones count as a very large number.
  [[nodiscard]] double combinations() const;

  /// Where the level is on its axis, from 0 to 1: ratios count on logarithmic ranges.
  [[nodiscard]] double share_of(std::size_t axis, std::uint64_t level) const;
  [[nodiscard]] std::uint64_t level_at(std::size_t axis, double share) const;
  /// Null for axes of formulas.
  [[nodiscard]] Setting setting_of(const Levels& levels) const;
  /// Of a setting that this space gave. Fails where it is another's.
  [[nodiscard]] std::optional<Levels> levels_of(const Setting& setting) const;
  /// Length of coordinates().
  [[nodiscard]] std::size_t dimensions() const { return dimensions_; }
  /// A point of a unit cube: shares of ordered axes, a corner of its own for each name.
  [[nodiscard]] std::vector<double> coordinates(const Levels& levels) const;

 private:
  struct Gauge {
    const Axis* axis;
    std::size_t place;  ///< in the spec
    std::uint64_t levels;
    bool ordered;
    std::vector<std::size_t> order;  ///< level -> index of the axis's values
  };
  [[nodiscard]] json::Value value_of(const Gauge& gauge, std::uint64_t level) const;

  std::vector<Gauge> gauges_;
  std::size_t spec_axes_, dimensions_ = 0;
};

}  // namespace kiln::sweep
