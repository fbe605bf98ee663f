// The critical path of a token as sums over its stretches. A stream of n beats at interval i whose receiver takes one
// every c cycles costs the producer its latency and (n - 1) * i, the link its registers, the receiver (n - 1) * (max(i, c)
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
/// One layer of it.
Path layer_path(const program::Placement& placement);

/// The same token cut where stages meet.
struct StageTerms {
  std::uint64_t enter = 0;       ///< from issue to the residual in the first stage
  std::uint64_t layer = 0;       ///< one layer without its KV reads and softmax
  std::uint64_t head = 0;        ///< from the last residual to the greedy sampler's result, which leaves at once
  std::uint64_t draw = 0;        ///< on top of that where the token is drawn
  std::uint64_t head_home = 0;   ///< from there to the commit
  std::uint64_t plain_home = 0;  ///< from the last residual of a token without logits to the commit
  /// A residual goes over: its last beat leaves `sending` after the leave to send, is there `wire` later and stored
  /// `store` later.
  struct ResidualTransfer {
    std::uint64_t sending = 0, wire = 0, store = 0;
  };
  ResidualTransfer on_chip, between_chips;
};
StageTerms stage_terms(const program::Placement& placement);

}  // namespace kiln::closed_form
