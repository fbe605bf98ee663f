// What each number of a model may be: read by the description of model configs and by the check of every other file
// that has a model's numbers. Private to the config module.
#pragma once

#include "config/fields.hpp"

namespace kiln::config {

inline constexpr Integers kWidths = {1, 1U << 20};  ///< of the residual, of the feed-forward network, of all heads
inline constexpr Integers kLayerCounts = {1, 1024};
inline constexpr Integers kHeadCounts = {1, 65536};
inline constexpr Integers kHeadWidths = {2, 65536};
inline constexpr Integers kTokenCounts = {1, 1U << 24};  ///< of a vocabulary and of a context

// Of the numbers with a fraction both ends stay well inside what the arithmetic of RoPE and of the norms can hold: an
// angle's increment is below 2^62 turns, an eps is no subnormal float.
inline constexpr Reals kEpsilons = {1e-30, 1};
inline constexpr Reals kThetas = {1, 1e12};
inline constexpr Reals kRopeFactors = {0.001, 65536};

}  // namespace kiln::config
