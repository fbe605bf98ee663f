// The only cycles of a token that depend on its position: KV reads and softmax of one layer, for a context of c tokens,
// and their sums over contexts, which are closed forms too. Reads count both keys and values. And the words that a beat
// of k or v writes.
#pragma once

#include <cstdint>
#include <vector>

#include "kiln/program/placement.hpp"

namespace kiln::closed_form {

/// Sums over the contexts of a run can exceed 64 bits in between; results of this module are checked to fit.
__extension__ using Wide = unsigned __int128;
std::uint64_t narrow(Wide cycles);

/// Largest number of words {t * token_words + h * row_words : t < tokens, h < heads} in one bank, for each tokens = 0
/// .. most_tokens.
std::vector<std::uint64_t> words_in_fullest_bank(const program::KvPlan& plan, std::uint64_t banks,
                                                 std::uint64_t most_tokens, std::uint64_t heads);

/// KV words with elements of `length` neighbouring channels, the first of them channel `channel` < head_dim of a head.
std::uint64_t words_touched(std::uint64_t channel, std::uint64_t length, std::uint64_t head_dim,
                            std::uint64_t width_bytes);

/// The most of any beat of k: evaluates at most one period of the beats' places in a head, and the clipped last beat.
std::uint64_t words_in_a_beat(const program::Placement& placement);

/// Sum of floor((a * i + b) / m) over i in [0, n); m > 0.
Wide floor_sum(Wide n, Wide m, Wide a, Wide b);

struct ContextCycles {
  Wide attention = 0;  ///< read steps and softmax
  Wide conflicts = 0;  ///< cycles of the reads beyond one a step
  [[nodiscard]] Wide total() const { return attention + conflicts; }
};

class ContextCost {
 public:
  /// For contexts up to `longest` >= 1. Takes O(min(tokens_parallel, longest) * heads_parallel) steps, once.
  ContextCost(const program::Placement& placement, std::uint64_t longest);

  /// One layer, one token that sees `context` tokens.
  [[nodiscard]] ContextCycles at(std::uint64_t context) const;
  /// Sum of at(c) over c = 1 .. context.
  [[nodiscard]] ContextCycles up_to(std::uint64_t context) const;

 private:
  std::uint64_t block_;  ///< tokens of a whole block
  std::uint64_t heads_;  ///< query heads: probabilities a token of context
  std::uint64_t softmax_lanes_;
  std::uint64_t steps_per_block_;                ///< keys or values of one block of tokens, all KV heads
  std::vector<std::uint64_t> conflicts_;         ///< of a block of t tokens, all KV heads, keys or values
  std::vector<std::uint64_t> conflicts_before_;  ///< sum of conflicts_ below t
};

}  // namespace kiln::closed_form
