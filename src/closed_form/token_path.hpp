// The critical path of a token as sums over its stretches. A stream of n beats at interval i whose receiver takes one
// every c cycles costs the producer its latency and (n - 1) * i, the link its stages, the receiver (n - 1) * (max(i, c)
// - i) and its own latency.
#pragma once

#include <array>
#include <cstdint>

#include "kiln/program/placement.hpp"

namespace kiln::closed_form {

/// Cycles by unit.
using Path = std::array<std::uint64_t, program::kUnits>;
std::uint64_t total(const Path& path);
Path plus(const Path& a, const Path& b, std::uint64_t times = 1);  ///< a + times * b

/// What a token takes at any position: all but the KV reads and the softmax, which context_cost.hpp has.
struct TokenPaths {
  Path without_logits;
  Path with_logits;
};
TokenPaths fixed_paths(const program::Placement& placement);

}  // namespace kiln::closed_form
