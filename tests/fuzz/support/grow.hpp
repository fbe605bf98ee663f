// Depths and sizes, which changing bytes never reaches: an input with something nested a hundred thousand times, an element
// ten thousand times, a long text, a long or extreme number.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/random.hpp"

namespace kiln::fuzz {

inline constexpr std::size_t kDeepest = 100'000;
inline constexpr std::size_t kMostCopies = 10'000;

/// How something begins and ends that may be in itself.
struct Bracket {
  std::string_view open, close;
};
/// `depth` times `open`, `inside`, `depth` times `close`.
std::string nested(const Bracket& bracket, std::size_t depth, std::string_view inside);

/// The input with one thing grown, of at most `most` bytes.
std::string grown(std::string_view input, std::size_t most, base::Random& random);

}  // namespace kiln::fuzz
