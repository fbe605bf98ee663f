#include "tokenizer/longest_first.hpp"

#include <algorithm>
#include <map>
#include <queue>
#include <tuple>

namespace kiln::tokenizer {

std::optional<SpecialTokens::Match> LongestFirst::Found::find(std::string_view /*text*/, std::size_t begin,
                                                              std::size_t /*taken*/) const {
  const auto at = std::ranges::lower_bound(matches_, begin, {}, &SpecialTokens::Match::begin);
  return at == matches_.end() ? std::nullopt : std::optional(*at);
}

LongestFirst::LongestFirst(std::vector<Token> tokens) : tokens_(std::move(tokens)), nodes_(1) {
  // Equal lengths are left as std::sort leaves them, since llama.cpp sorts the same list so.
  std::sort(tokens_.begin(), tokens_.end(),
            [](const Token& a, const Token& b) { return a.text.size() > b.text.size(); });
  for (std::uint32_t token = 0; token < tokens_.size(); ++token) add(token);
  link();
}

void LongestFirst::add(std::uint32_t token) {
  const std::string_view text = tokens_[token].text;
  std::uint32_t node = 0;
  for (std::size_t i = text.size(); i-- > 0;) {
    const auto [edge, is_new] = edges_.try_emplace(key(node, text[i]), static_cast<std::uint32_t>(nodes_.size()));
    if (is_new) nodes_.emplace_back();
    node = edge->second;
  }
  if (nodes_[node].longest != 0) return;  // the text is another token's
  nodes_[node].longest = node;
  nodes_[node].token = token;
}

void LongestFirst::link() {
  struct Edge {
    std::uint32_t depth = 0;
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    char byte = 0;
  };
  std::vector<Edge> edges(nodes_.size());
  for (const auto& [at, to] : edges_) edges[to] = {0, static_cast<std::uint32_t>(at >> 8), to, static_cast<char>(at)};
  for (std::size_t to = 1; to < edges.size(); ++to)  // a node is made after the one before it
    edges[to].depth = edges[edges[to].from].depth + 1;
  std::ranges::stable_sort(edges, {}, &Edge::depth);  // fallbacks are nearer to the root
  for (std::size_t i = 1; i < edges.size(); ++i) {
    Node& node = nodes_[edges[i].to];
    node.fallback = edges[i].from == 0 ? 0 : step(nodes_[edges[i].from].fallback, edges[i].byte);
    if (node.longest == 0) node.longest = nodes_[node.fallback].longest;
  }
}

std::uint32_t LongestFirst::step(std::uint32_t node, char byte) const {
  for (;; node = nodes_[node].fallback) {
    if (const auto edge = edges_.find(key(node, byte)); edge != edges_.end()) return edge->second;
    if (node == 0) return 0;
  }
}

std::uint32_t LongestFirst::shorter(std::uint32_t node, std::size_t room) const {
  while (node != 0 && tokens_[nodes_[node].token].text.size() > room) node = nodes_[nodes_[node].fallback].longest;
  return node;
}

/// The longest token of each place waits, and of a place where it meets one that was taken before, the next that fits.
LongestFirst::Found LongestFirst::find_all(std::string_view text) const {
  struct Candidate {
    std::uint32_t place;  // in tokens_
    std::uint32_t node;
    std::size_t begin;
  };
  const auto later = [](const Candidate& a, const Candidate& b) {
    return std::tie(a.place, a.begin) > std::tie(b.place, b.begin);
  };
  std::priority_queue<Candidate, std::vector<Candidate>, decltype(later)> waiting(later);
  std::uint32_t state = 0;
  for (std::size_t i = text.size(); i-- > 0;) {
    state = step(state, text[i]);
    if (const auto node = nodes_[state].longest; node != 0) waiting.push({nodes_[node].token, node, i});
  }
  std::map<std::size_t, const Token*> taken;  // by its beginning
  while (!waiting.empty()) {
    const auto [place, node, begin] = waiting.top();
    waiting.pop();
    const Token& token = tokens_[place];
    const auto next = taken.lower_bound(begin);
    if (next != taken.end() && next->first == begin) continue;
    if (next != taken.begin() && std::prev(next)->first + std::prev(next)->second->text.size() > begin) continue;
    const std::size_t room = (next == taken.end() ? text.size() : next->first) - begin;
    if (token.text.size() <= room) {
      taken.emplace_hint(next, begin, &token);
    } else if (const auto fits = shorter(node, room); fits != 0) {
      waiting.push({nodes_[fits].token, fits, begin});
    }
  }
  Found found;
  for (const auto& [begin, token] : taken) found.add(begin, token->text.size(), token->id);
  return found;
}

}  // namespace kiln::tokenizer
