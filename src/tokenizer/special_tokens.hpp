// Finds tokens that are written out in a text (special and added tokens): leftmost first, the longest at each place.
// A token may want to stand alone or take white space beside it along, as in a tokenizer.json.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kiln/base/units.hpp"

namespace kiln::tokenizer {

class SpecialTokens {
 public:
  struct Settings {
    bool lstrip = false;
    bool rstrip = false;
    bool single_word = false;
  };
  struct Match {
    std::size_t begin;
    std::size_t size;
    base::TokenId id;
    std::size_t next;  ///< where its own text ends: white space that it takes may begin another
  };

  /// `text` is not empty. The first id given for a text stays.
  void add(std::string_view text, base::TokenId id, const Settings& settings = {false, false, false});
  /// The first match whose text begins at or after `begin`, with the white space that it takes beside it, but none
  /// before `taken`, up to where earlier matches have taken the text.
  [[nodiscard]] std::optional<Match> find(std::string_view text, std::size_t begin, std::size_t taken) const;

 private:
  [[nodiscard]] std::optional<Match> find_text(std::string_view text, std::size_t begin) const;
  static constexpr std::uint64_t key(std::uint32_t node, char byte) {
    return std::uint64_t{node} << 8 | static_cast<std::uint8_t>(byte);
  }
  // A trie; node 0 is the root. Its edges are one table, since most nodes have one child.
  std::unordered_map<std::uint64_t, std::uint32_t> edges_;
  std::vector<std::optional<base::TokenId>> ids_{std::nullopt};
  std::unordered_map<base::TokenId, Settings> settings_;  ///< of those that have any
  std::array<bool, 256> first_{};  ///< bytes that a token starts with: most places of a text are passed by one look
};

}  // namespace kiln::tokenizer
