// Quantities and indices as types, so that a layer is not a head and a cycle is not a byte.
// Cycles and Bytes are unsigned 64-bit counts; a difference that would be negative is a bug.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

#include "kiln/base/result.hpp"

namespace kiln::base {

template <class Tag>
class Quantity {
 public:
  constexpr Quantity() = default;
  constexpr explicit Quantity(std::uint64_t count) : count_(count) {}
  [[nodiscard]] constexpr std::uint64_t count() const { return count_; }

  constexpr auto operator<=>(const Quantity&) const = default;
  constexpr Quantity operator+(Quantity other) const { return Quantity(count_ + other.count_); }
  constexpr Quantity operator-(Quantity other) const {
    if (other.count_ > count_) fail_check("a quantity below zero", std::source_location::current());
    return Quantity(count_ - other.count_);
  }
  constexpr Quantity operator*(std::uint64_t factor) const { return Quantity(count_ * factor); }
  constexpr Quantity& operator+=(Quantity other) { return *this = *this + other; }
  constexpr Quantity& operator-=(Quantity other) { return *this = *this - other; }

 private:
  std::uint64_t count_ = 0;
};

using Cycles = Quantity<struct CyclesTag>;
using Bytes = Quantity<struct BytesTag>;

template <class Tag>
struct Id {
  std::uint32_t value = 0;
  constexpr auto operator<=>(const Id&) const = default;
};

using LayerId = Id<struct LayerTag>;
using HeadId = Id<struct HeadTag>;
using TileId = Id<struct TileTag>;
using TokenPos = Id<struct TokenPosTag>;  ///< position in a user's sequence, from 0
using TokenId = std::uint32_t;            ///< index into the vocabulary

/// Smallest integer at or above a / b; b > 0.
constexpr std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) { return a / b + (a % b != 0 ? 1 : 0); }

}  // namespace kiln::base
