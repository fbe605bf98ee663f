// A TokenizerSpec made ready to use: texts of the tokens, their look-up, the merger, the special tokens.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kiln/base/result.hpp"
#include "tokenizer/longest_first.hpp"
#include "tokenizer/merger.hpp"
#include "tokenizer/special_tokens.hpp"
#include "tokenizer/tokenizer.hpp"

namespace kiln::tokenizer {

class Vocabulary {
 public:
  /// Fails with one sentence where the spec contradicts itself. `spec` outlives the vocabulary and does not move.
  static base::Result<Vocabulary> create(const TokenizerSpec& spec);

  /// The token whose bytes (ByteLevel) or characters with U+2581 (SentencePiece) these are, or kNoToken.
  [[nodiscard]] base::TokenId find(std::string_view text) const;
  [[nodiscard]] base::TokenId byte(std::uint8_t value) const { return bytes_[value]; }
  [[nodiscard]] bool has_all_bytes() const { return std::find(bytes_.begin(), bytes_.end(), kNoToken) == bytes_.end(); }
  [[nodiscard]] const std::string& decoded(base::TokenId id) const { return decoded_[id]; }
  [[nodiscard]] const Merger& merger() const { return merger_; }
  /// Tokens to be found in a text as it is, and those to be found in what the merges get.
  [[nodiscard]] const SpecialTokens& special() const { return special_; }
  [[nodiscard]] const SpecialTokens* normalized() const { return any_normalized_ ? &normalized_ : nullptr; }
  /// In place of special(), where the spec says so.
  [[nodiscard]] const LongestFirst* longest_first() const { return longest_first_ ? &*longest_first_ : nullptr; }
  /// SentencePiece: no token holds a space after another character, so words can be merged one by one.
  [[nodiscard]] bool words_are_apart() const { return words_are_apart_; }

 private:
  base::Status index_tokens(const TokenizerSpec& spec);
  base::Status index_token(const TokenizerSpec& spec, base::TokenId id);
  void index_special(const TokenizerSpec& spec, base::TokenId id);
  void index_mergeable(const TokenizerSpec& spec, base::TokenId id);
  base::Status index_merges(const TokenizerSpec& spec);
  base::Status index_scores(const TokenizerSpec& spec);
  [[nodiscard]] base::Status check_bytes(const TokenizerSpec& spec) const;

  std::vector<std::string> decoded_;  ///< what each token adds to a text
  std::vector<std::string> texts_;    ///< what is looked up
  std::unordered_map<std::string_view, base::TokenId> ids_;
  std::array<base::TokenId, 256> bytes_{};
  Merger merger_;
  SpecialTokens special_;
  SpecialTokens normalized_;
  std::optional<LongestFirst> longest_first_;
  bool any_normalized_ = false;
  bool words_are_apart_ = true;
};

}  // namespace kiln::tokenizer
