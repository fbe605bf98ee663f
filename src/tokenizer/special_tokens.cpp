#include "tokenizer/special_tokens.hpp"

#include <algorithm>

#include "tokenizer/character_class.hpp"

namespace kiln::tokenizer {

void SpecialTokens::add(std::string_view text, base::TokenId id, const Settings& settings) {
  if (settings.lstrip || settings.rstrip || settings.single_word) settings_.try_emplace(id, settings);
  first_[static_cast<std::uint8_t>(text.front())] = true;
  std::uint32_t node = 0;
  for (const char byte : text) {
    const auto [edge, is_new] = edges_.try_emplace(key(node, byte), static_cast<std::uint32_t>(ids_.size()));
    if (is_new) ids_.emplace_back();
    node = edge->second;
  }
  if (!ids_[node]) ids_[node] = id;
}

std::optional<SpecialTokens::Match> SpecialTokens::find(std::string_view text, std::size_t begin,
                                                        std::size_t taken) const {
  for (std::size_t from = begin;;) {
    auto match = find_text(text, from);
    if (!match) return match;
    const auto own = settings_.find(match->id);
    if (own == settings_.end()) return match;
    const Settings& settings = own->second;
    const std::string_view before = text.substr(0, match->begin);
    std::size_t end = match->begin + match->size;
    if (settings.single_word && (ends_with_word(before) || starts_with_word(text.substr(end)))) {
      from = end;  // a match within this one is none either
      continue;
    }
    if (settings.lstrip) match->begin = std::max(taken, match->begin - trailing_space(before));
    if (settings.rstrip) end += leading_space(text.substr(end));
    if (match->begin >= end) {  // all of it is taken
      from = match->next;
      continue;
    }
    match->size = end - match->begin;
    return match;
  }
}

std::optional<SpecialTokens::Match> SpecialTokens::find_text(std::string_view text, std::size_t begin) const {
  for (; begin < text.size(); ++begin) {
    if (!first_[static_cast<std::uint8_t>(text[begin])]) continue;
    std::optional<Match> longest;
    std::uint32_t node = 0;
    for (std::size_t i = begin; i < text.size(); ++i) {
      const auto edge = edges_.find(key(node, text[i]));
      if (edge == edges_.end()) break;
      node = edge->second;
      if (ids_[node]) longest = Match{begin, i + 1 - begin, *ids_[node], i + 1};
    }
    if (longest) return longest;
  }
  return std::nullopt;
}

}  // namespace kiln::tokenizer
