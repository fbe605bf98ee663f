// Finds tokens that are written out in a text as llama.cpp does: the longest token wherever it is, from the left, then
// the next longest in what is left of the text, and so on. Tokens that overlap are thus cut otherwise than by
// SpecialTokens. n log n in the text, times at worst the length of a token.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kiln/base/units.hpp"
#include "tokenizer/special_tokens.hpp"

namespace kiln::tokenizer {

class LongestFirst {
 public:
  struct Token {
    std::string_view text;  ///< not empty; outlives the finder
    base::TokenId id;
  };
  /// What was found, by place: to be asked as SpecialTokens is.
  class Found {
   public:
    void add(std::size_t begin, std::size_t size, base::TokenId id) {
      matches_.push_back({begin, size, id, begin + size});
    }
    [[nodiscard]] std::optional<SpecialTokens::Match> find(std::string_view text, std::size_t begin,
                                                           std::size_t taken) const;

   private:
    std::vector<SpecialTokens::Match> matches_;
  };

  /// `tokens` by id.
  explicit LongestFirst(std::vector<Token> tokens);
  [[nodiscard]] Found find_all(std::string_view text) const;

 private:
  /// Of an automaton that reads a text backwards (Aho and Corasick's, of the tokens backwards): at each place it knows
  /// the longest token that begins there.
  struct Node {
    std::uint32_t fallback = 0;  ///< the node of the longest proper end of what this one has read that has a node
    std::uint32_t longest = 0;   ///< the nearest node of a whole token, itself or over fallbacks; 0 if there is none
    std::uint32_t token = 0;     ///< of a whole token's node: its place in tokens_
  };
  static constexpr std::uint64_t key(std::uint32_t node, char byte) {
    return std::uint64_t{node} << 8 | static_cast<std::uint8_t>(byte);
  }
  void add(std::uint32_t token);
  void link();
  [[nodiscard]] std::uint32_t step(std::uint32_t node, char byte) const;
  /// The node of the longest token that begins where that of `node` does and has at most `room` bytes, or 0.
  [[nodiscard]] std::uint32_t shorter(std::uint32_t node, std::size_t room) const;

  std::vector<Token> tokens_;  ///< longest first
  std::unordered_map<std::uint64_t, std::uint32_t> edges_;
  std::vector<Node> nodes_;
};

}  // namespace kiln::tokenizer
