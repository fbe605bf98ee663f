#include "tokenizer/vocabulary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/utf8.hpp"
#include "tokenizer/byte_symbols.hpp"

namespace kiln::tokenizer {
namespace {

constexpr std::size_t kMaxTokenBytes = 4096;

template <class... Args>
base::Error error(fmt::format_string<Args...> text, Args&&... args) {
  return {"tokenizer: " + fmt::format(text, std::forward<Args>(args)...)};
}

base::Status check_sizes(const TokenizerSpec& spec) {
  const std::size_t count = spec.tokens.size();
  if (count == 0 || count > kMaxTokens) return error("{} tokens, expected 1 to {}", count, kMaxTokens);
  if (spec.types.size() != count)
    return error("{} token types for {} tokens, expected as many", spec.types.size(), count);
  if (!spec.scores.empty() && spec.scores.size() != count) {
    return error("{} scores for {} tokens, expected as many", spec.scores.size(), count);
  }
  if (spec.merges.size() > kMaxMerges) return error("{} merges, expected at most {}", spec.merges.size(), kMaxMerges);
  if (spec.kind == Kind::SentencePiece && spec.scores.empty() && spec.merges.empty()) {
    return error("a SentencePiece vocabulary needs scores or merges, and has neither");
  }
  if (spec.kind == Kind::SentencePiece && spec.pre != PreTokenizer::None) {
    return error("a SentencePiece vocabulary takes no pre-tokeniser");
  }
  return {};
}

base::Status check_ids(const TokenizerSpec& spec) {
  const auto in_range = [&](base::TokenId id, std::string_view what) -> base::Status {
    if (id < spec.tokens.size()) return {};
    return error("the {} token is {}, expected an id below {}", what, id, spec.tokens.size());
  };
  if (spec.add_bos && !spec.bos) return error("a beginning-of-text token is to be added, and none is named");
  if (spec.bos) {
    if (auto status = in_range(*spec.bos, "beginning-of-text"); !status) return status;
  }
  if (spec.unknown) {
    if (auto status = in_range(*spec.unknown, "unknown"); !status) return status;
  }
  for (const auto id : spec.eos) {
    if (auto status = in_range(id, "end-of-text"); !status) return status;
  }
  const TemplateTokens named = spec.template_tokens.value_or(TemplateTokens());
  for (const auto id : {named.bos, named.eos}) {
    if (!id) continue;
    if (auto status = in_range(*id, "chat template's BOS or EOS"); !status) return status;
  }
  return {};
}

base::Status check_added(const TokenizerSpec& spec) {
  const AddedToken* last = nullptr;
  for (const AddedToken& token : spec.added) {
    if (token.id >= spec.tokens.size() || (last != nullptr && token.id <= last->id))
      return error("the added token {} is out of order or of no token, expected ids that ascend below {}", token.id,
                   spec.tokens.size());
    const bool settings = token.normalized || token.lstrip || token.rstrip || token.single_word;
    const bool byte = spec.types[token.id] == TokenType::Byte && token.mergeable && !settings;
    if (!byte && !is_found_in_text(spec.types[token.id]))
      return error("token {} has settings of an added token, expected a special or user-defined one", token.id);
    if (token.normalized == token.text.empty() || token.text.size() > kMaxTokenBytes)
      return error("the added token {} has a text of {} bytes, expected 1 to {} where it is normalized, else none",
                   token.id, token.text.size(), kMaxTokenBytes);
    if (const auto bad = base::first_invalid_utf8(token.text))
      return error("the text of the added token {} is not UTF-8 at its byte {}", token.id, *bad);
    if (settings && spec.longest_first)
      return error("the added token {} has settings, expected none where the longest token of a text is found first",
                   token.id);
    last = &token;
  }
  return {};
}

bool holds_space_behind_character(std::string_view token) {
  while (token.starts_with(kSpaceSymbol)) token.remove_prefix(kSpaceSymbol.size());
  return token.find(kSpaceSymbol) != std::string_view::npos;
}

}  // namespace

base::Result<Vocabulary> Vocabulary::create(const TokenizerSpec& spec) {
  if (auto status = check_sizes(spec); !status) return status.error();
  if (auto status = check_ids(spec); !status) return status.error();
  if (auto status = check_added(spec); !status) return status.error();
  Vocabulary vocabulary;
  if (auto status = vocabulary.index_tokens(spec); !status) return status.error();
  if (auto status = vocabulary.check_bytes(spec); !status) return status.error();
  const bool scored = spec.kind == Kind::SentencePiece && !spec.scores.empty();
  if (auto status = scored ? vocabulary.index_scores(spec) : vocabulary.index_merges(spec); !status) {
    return status.error();
  }
  return vocabulary;
}

base::TokenId Vocabulary::find(std::string_view text) const {
  const auto found = ids_.find(text);
  return found == ids_.end() ? kNoToken : found->second;
}

base::Status Vocabulary::index_tokens(const TokenizerSpec& spec) {
  bytes_.fill(kNoToken);
  decoded_.resize(spec.tokens.size());
  texts_.resize(spec.tokens.size());  // views into its strings are kept: it never grows again
  ids_.reserve(spec.tokens.size());
  for (base::TokenId id = 0; id < spec.tokens.size(); ++id) {
    if (auto status = index_token(spec, id); !status) return status;
  }
  for (const AddedToken& token : spec.added)
    if (token.mergeable) index_mergeable(spec, token.id);
  if (!spec.longest_first) return {};
  std::vector<LongestFirst::Token> tokens;
  for (base::TokenId id = 0; id < spec.tokens.size(); ++id)
    if (is_found_in_text(spec.types[id]) && !spec.tokens[id].empty()) tokens.push_back({spec.tokens[id], id});
  longest_first_.emplace(std::move(tokens));
  return {};
}

base::Status Vocabulary::index_token(const TokenizerSpec& spec, base::TokenId id) {
  const std::string& token = spec.tokens[id];
  if (token.size() > kMaxTokenBytes)
    return error("token {} has {} bytes, expected at most {}", id, token.size(), kMaxTokenBytes);
  if (const auto bad = base::first_invalid_utf8(token)) return error("token {} is not UTF-8 at its byte {}", id, *bad);
  switch (spec.types[id]) {
    case TokenType::Control:
    case TokenType::Unknown:
      index_special(spec, id);
      return {};
    case TokenType::UserDefined:
      index_special(spec, id);
      decoded_[id] = spec.kind == Kind::SentencePiece ? symbols_to_spaces(token) : token;
      return {};
    case TokenType::Byte: {
      const auto value = byte_of_fallback(token);
      if (!value) return error("token {} has the type of a byte, expected a text like \"<0x0A>\"", id);
      if (bytes_[*value] != kNoToken) return error("tokens {} and {} are the same byte", bytes_[*value], id);
      bytes_[*value] = id;
      decoded_[id] = std::string(1, static_cast<char>(*value));
      return {};
    }
    case TokenType::Normal:
    case TokenType::Unused:
      break;
    default:
      return error("token {} has the type {}, expected 1 to 6", id, static_cast<int>(spec.types[id]));
  }
  if (spec.kind == Kind::SentencePiece) {
    texts_[id] = token;
    decoded_[id] = symbols_to_spaces(token);
    if (holds_space_behind_character(token)) words_are_apart_ = false;
  } else {
    const auto bytes = bytes_of_symbols(token);
    decoded_[id] = bytes.value_or(token);
    if (!bytes) return {};  // no text leads to it
    texts_[id] = *bytes;
    if (bytes->size() == 1) bytes_[static_cast<std::uint8_t>(bytes->front())] = id;
  }
  if (!texts_[id].empty()) {
    const auto [other, is_new] = ids_.try_emplace(texts_[id], id);
    if (!is_new) return error("tokens {} and {} have the same text", other->second, id);
  }
  return {};
}

/// A token that text leads to by being written out in it. One that is the only token of a byte remains that, too.
void Vocabulary::index_special(const TokenizerSpec& spec, base::TokenId id) {
  const std::string& token = spec.tokens[id];
  const auto own = std::lower_bound(spec.added.begin(), spec.added.end(), id,
                                    [](const AddedToken& added, base::TokenId of) { return added.id < of; });
  SpecialTokens::Settings settings;
  const bool has_own = own != spec.added.end() && own->id == id;
  if (has_own) settings = {own->lstrip, own->rstrip, own->single_word};
  if (has_own && own->normalized) {
    any_normalized_ = true;
    normalized_.add(own->text, id, settings);
  } else if (!token.empty()) {
    special_.add(token, id, settings);
  }
  if (spec.kind != Kind::ByteLevel) return;
  if (const auto bytes = bytes_of_symbols(token); bytes && bytes->size() == 1) {
    auto& place = bytes_[static_cast<std::uint8_t>(bytes->front())];
    if (place == kNoToken) place = id;
  }
}

/// A text that is another token's already stays that one's.
void Vocabulary::index_mergeable(const TokenizerSpec& spec, base::TokenId id) {
  const std::string& token = spec.tokens[id];
  texts_[id] = spec.kind == Kind::SentencePiece ? token : bytes_of_symbols(token).value_or("");
  if (!texts_[id].empty()) ids_.try_emplace(texts_[id], id);
  if (spec.kind == Kind::SentencePiece && holds_space_behind_character(token)) words_are_apart_ = false;
}

base::Status Vocabulary::check_bytes(const TokenizerSpec& spec) const {
  if (spec.kind == Kind::SentencePiece) {
    if (spec.unknown) return {};
    const auto* missing = std::find(bytes_.begin(), bytes_.end(), kNoToken);
    if (missing == bytes_.end()) return {};
    return error("no token for the byte 0x{:02X} and no unknown token, expected one of them", missing - bytes_.begin());
  }
  for (int byte = 0x20; byte < 0x7F; ++byte) {
    if (bytes_[static_cast<std::size_t>(byte)] == kNoToken)
      return error("no token for the byte 0x{:02X}, expected one for each printable character", byte);
  }
  return {};
}

base::Status Vocabulary::index_merges(const TokenizerSpec& spec) {
  std::unordered_map<std::string_view, base::TokenId> stored;  // merges are written as tokens are stored
  stored.reserve(spec.tokens.size());
  for (base::TokenId id = 0; id < spec.tokens.size(); ++id) stored.try_emplace(spec.tokens[id], id);
  for (std::size_t rank = 0; rank < spec.merges.size(); ++rank) {
    const std::string& merge = spec.merges[rank];
    const std::size_t space = merge.find(' ');
    if (space == std::string::npos || space == 0 || space + 1 == merge.size() ||
        merge.find(' ', space + 1) != std::string::npos) {
      return error("merge {} is not of the form \"left right\"", rank);
    }
    const auto left = stored.find(std::string_view(merge).substr(0, space));
    const auto right = stored.find(std::string_view(merge).substr(space + 1));
    const auto merged = stored.find(merge.substr(0, space) + merge.substr(space + 1));
    if (left == stored.end() || right == stored.end() || merged == stored.end()) {
      return error("merge {} names or makes a text that is no token", rank);
    }
    merger_.add_merge(left->second, right->second, static_cast<std::uint32_t>(rank), merged->second);
  }
  return {};
}

base::Status Vocabulary::index_scores(const TokenizerSpec& spec) {
  std::vector<base::TokenId> order;
  for (const auto& [text, id] : ids_) {
    if (!std::isfinite(spec.scores[id])) return error("the score of token {} is not a finite number", id);
    order.push_back(id);
  }
  std::sort(order.begin(), order.end(),
            [&](auto a, auto b) { return spec.scores[a] != spec.scores[b] ? spec.scores[a] > spec.scores[b] : a < b; });
  std::uint32_t rank = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && spec.scores[order[i]] != spec.scores[order[i - 1]]) ++rank;
    merger_.add_token(texts_[order[i]], rank, order[i]);
  }
  return {};
}

}  // namespace kiln::tokenizer
