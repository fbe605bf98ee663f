// A figure with its uncertainty: from every constant at its low, typical and high value. Sums and products keep the
// three apart, so a breakdown adds up in each.
#pragma once

#include <array>

namespace kiln::base {

enum class Corner { Low, Typical, High };
inline constexpr std::array<Corner, 3> kCorners = {Corner::Low, Corner::Typical, Corner::High};

struct Range {
  double low = 0, typical = 0, high = 0;
  [[nodiscard]] constexpr double at(Corner corner) const {
    return corner == Corner::Low ? low : corner == Corner::Typical ? typical : high;
  }
  constexpr double& at(Corner corner) {
    return corner == Corner::Low ? low : corner == Corner::Typical ? typical : high;
  }
  constexpr Range& operator+=(const Range& other) {
    for (const Corner corner : kCorners) at(corner) += other.at(corner);
    return *this;
  }
  constexpr Range operator+(const Range& other) const { return Range(*this) += other; }
  constexpr Range operator*(const Range& other) const {
    return {low * other.low, typical * other.typical, high * other.high};
  }
  constexpr Range operator*(double factor) const { return {low * factor, typical * factor, high * factor}; }
  bool operator==(const Range&) const = default;
};

}  // namespace kiln::base
