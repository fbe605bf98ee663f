// The merging of byte pair encoding: a linked list of symbols and a heap of pairs, best first, then leftmost; n log n.
// Pairs are found in one of two ways: by the ids of both sides in a ranked list of merges, or, where tokens have
// scores, by the text of both sides together (a higher score merges first; sides that are no token themselves may
// merge).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kiln/base/units.hpp"

namespace kiln::tokenizer {

inline constexpr base::TokenId kNoToken = std::numeric_limits<base::TokenId>::max();

/// A part of a piece; `id` is kNoToken for a character that is no token.
struct Symbol {
  std::uint32_t begin = 0;
  std::uint32_t size = 0;
  base::TokenId id = kNoToken;
};

class Merger {
 public:
  /// Ranked: `rank` of the pair and the token it becomes. The first rank given for a pair stays.
  void add_merge(base::TokenId left, base::TokenId right, std::uint32_t rank, base::TokenId merged);
  /// Scored: `order` is 0 for the highest score; equal scores have equal orders. `text` outlives the merger.
  void add_token(std::string_view text, std::uint32_t order, base::TokenId id);

  /// Merges `symbols`, neighbours that cover `piece`, until no pair is left.
  void merge(std::string_view piece, std::vector<Symbol>& symbols) const;

 private:
  struct Target {
    std::uint32_t order;
    base::TokenId id;
  };
  struct Work;
  [[nodiscard]] std::optional<Target> target(std::string_view piece, const Symbol& left, const Symbol& right) const;

  std::unordered_map<std::uint64_t, Target> by_ids_;
  std::unordered_map<std::string_view, Target> by_text_;
  std::size_t longest_ = 0;
};

}  // namespace kiln::tokenizer
