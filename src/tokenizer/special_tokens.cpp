#include "tokenizer/special_tokens.hpp"

namespace kiln::tokenizer {

void SpecialTokens::add(std::string_view text, base::TokenId id) {
  first_[static_cast<std::uint8_t>(text.front())] = true;
  std::uint32_t node = 0;
  for (const char byte : text) {
    const auto [edge, is_new] = edges_.try_emplace(key(node, byte), static_cast<std::uint32_t>(ids_.size()));
    if (is_new) ids_.emplace_back();
    node = edge->second;
  }
  if (!ids_[node]) ids_[node] = id;
}

std::optional<SpecialTokens::Match> SpecialTokens::find(std::string_view text, std::size_t begin) const {
  for (; begin < text.size(); ++begin) {
    if (!first_[static_cast<std::uint8_t>(text[begin])]) continue;
    std::optional<Match> longest;
    std::uint32_t node = 0;
    for (std::size_t i = begin; i < text.size(); ++i) {
      const auto edge = edges_.find(key(node, text[i]));
      if (edge == edges_.end()) break;
      node = edge->second;
      if (ids_[node]) longest = Match{begin, i + 1 - begin, *ids_[node]};
    }
    if (longest) return longest;
  }
  return std::nullopt;
}

}  // namespace kiln::tokenizer
