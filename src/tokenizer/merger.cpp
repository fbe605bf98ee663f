#include "tokenizer/merger.hpp"

#include <algorithm>
#include <queue>

namespace kiln::tokenizer {
namespace {

constexpr std::uint32_t kEnd = std::numeric_limits<std::uint32_t>::max();

constexpr std::uint64_t pair_key(base::TokenId left, base::TokenId right) { return std::uint64_t{left} << 32 | right; }

struct Candidate {
  std::uint32_t order;
  std::uint32_t left;
  std::uint32_t right;
  std::uint32_t size;  ///< bytes of both when it was found: another size now means that one of them has merged since
  base::TokenId id;
};

struct Later {
  bool operator()(const Candidate& a, const Candidate& b) const {
    return a.order != b.order ? a.order > b.order : a.left > b.left;
  }
};

struct Links {
  std::uint32_t previous;
  std::uint32_t next;
};

}  // namespace

void Merger::add_merge(base::TokenId left, base::TokenId right, std::uint32_t rank, base::TokenId merged) {
  by_ids_.try_emplace(pair_key(left, right), Target{rank, merged});
}

void Merger::add_token(std::string_view text, std::uint32_t order, base::TokenId id) {
  by_text_.try_emplace(text, Target{order, id});
  longest_ = std::max(longest_, text.size());
}

std::optional<Merger::Target> Merger::target(std::string_view piece, const Symbol& left, const Symbol& right) const {
  if (!by_ids_.empty()) {
    if (left.id == kNoToken || right.id == kNoToken) return std::nullopt;
    const auto found = by_ids_.find(pair_key(left.id, right.id));
    return found == by_ids_.end() ? std::nullopt : std::optional(found->second);
  }
  const std::size_t size = std::size_t{left.size} + right.size;
  if (size > longest_) return std::nullopt;
  const auto found = by_text_.find(piece.substr(left.begin, size));
  return found == by_text_.end() ? std::nullopt : std::optional(found->second);
}

void Merger::merge(std::string_view piece, std::vector<Symbol>& symbols) const {
  const auto count = static_cast<std::uint32_t>(symbols.size());
  std::vector<Links> links(count);
  std::vector<Candidate> storage;
  storage.reserve(count);
  std::priority_queue<Candidate, std::vector<Candidate>, Later> queue(Later{}, std::move(storage));
  const auto consider = [&](std::uint32_t left, std::uint32_t right) {
    if (left == kEnd || right == kEnd) return;
    if (const auto found = target(piece, symbols[left], symbols[right])) {
      queue.push({found->order, left, right, symbols[left].size + symbols[right].size, found->id});
    }
  };
  for (std::uint32_t i = 0; i < count; ++i) links[i] = {i == 0 ? kEnd : i - 1, i + 1 == count ? kEnd : i + 1};
  for (std::uint32_t i = 1; i < count; ++i) consider(i - 1, i);

  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Symbol& left = symbols[best.left];
    Symbol& right = symbols[best.right];
    if (left.size == 0 || right.size == 0 || left.size + right.size != best.size) continue;
    left.size += right.size;
    left.id = best.id;
    right.size = 0;
    const std::uint32_t next = links[best.right].next;
    links[best.left].next = next;
    if (next != kEnd) links[next].previous = best.left;
    consider(links[best.left].previous, best.left);
    consider(best.left, next);
  }
  std::erase_if(symbols, [](const Symbol& symbol) { return symbol.size == 0; });
}

}  // namespace kiln::tokenizer
