// Which tokens of a GGUF's vocabulary begin and end texts, and of what type each is. Files leave much of it out: the
// defaults are those of llama.cpp (src/llama-vocab.cpp), which is what such files were tried with.
#include "checkpoint/gguf_special_tokens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_set>

#include "base/utf8.hpp"
#include "tokenizer/byte_symbols.hpp"

namespace kiln::checkpoint {
namespace {

using tokenizer::TokenizerSpec;
using tokenizer::TokenType;
using Id = std::optional<base::TokenId>;

// These end a text or a turn whether or not a key says so, and are control tokens whatever their type says.
constexpr std::array<std::string_view, 15> kEndings = {
    "</s>",          "<eos>",           "[EOS]",
    "<|endoftext|>", "<|eot_id|>",      "<EOT>",
    "[EOT]",         "<|end_of_text|>", "<|eom_id|>",
    "_<EOT>",        "<|end|>",         "<end_of_utterance>",
    "<|im_end|>",    "<end_of_turn>",   "<\uFF5Cend\u2581of\u2581sentence\uFF5C>"};

// Keys of single tokens that end an answer; the last three are of files in turn, where a model fills a gap in code.
constexpr std::array<std::string_view, 6> kEndingKeys = {
    "tokenizer.ggml.eos_token_id",     "tokenizer.ggml.eot_token_id",     "tokenizer.ggml.eom_token_id",
    "tokenizer.ggml.fim_pad_token_id", "tokenizer.ggml.fim_rep_token_id", "tokenizer.ggml.fim_sep_token_id"};

struct Defaults {
  Id bos, eos, unknown;
};
Defaults defaults_of(const TokenizerSpec& spec) {
  if (spec.kind == tokenizer::Kind::SentencePiece) return {1, 2, 0};
  return {11, 11, std::nullopt};
}

/// The key's id; `otherwise`, as far as there is such a token, where the key is missing or says "none".
base::Result<Id> token_id(const GgufFile& file, std::string_view key, std::size_t tokens, Id otherwise) {
  constexpr std::uint64_t kNone = 0xFFFFFFFF;
  const auto id = file.integer(key);
  if (!id) return id.error();
  if (!*id || **id == kNone) return otherwise && *otherwise < tokens ? otherwise : Id{};
  if (**id >= tokens)
    return base::Error{
        fmt::format("{}: metadata {} is {}; an id below {} is expected", file.path(), key, **id, tokens)};
  return Id{static_cast<base::TokenId>(**id)};
}

/// Where a vocabulary of SentencePiece's kind has no token of the type Byte for a byte, one that reads "<0x0A>" is it.
void find_bytes(TokenizerSpec& spec) {
  std::array<bool, 256> known{};
  for (std::size_t i = 0; i < spec.tokens.size(); ++i)
    if (spec.types[i] == TokenType::Byte)
      if (const auto byte = tokenizer::byte_of_fallback(spec.tokens[i])) known[*byte] = true;
  for (std::size_t i = 0; i < spec.tokens.size(); ++i) {
    if (spec.types[i] != TokenType::Normal && spec.types[i] != TokenType::Unused) continue;
    const auto byte = tokenizer::byte_of_fallback(spec.tokens[i]);
    if (!byte || known[*byte]) continue;
    spec.types[i] = TokenType::Byte;
    known[*byte] = true;
  }
}

/// The one that its key names comes first: it is what a chat template calls the end.
base::Status read_endings(const GgufFile& file, Id otherwise, TokenizerSpec& spec) {
  for (const std::string_view key : kEndingKeys) {
    const auto id = token_id(file, key, spec.tokens.size(), key == kEndingKeys.front() ? otherwise : Id{});
    if (!id) return id.error();
    if (*id) spec.eos.push_back(**id);
  }
  constexpr std::string_view kSeveral = "tokenizer.ggml.eos_token_ids";
  const auto several = file.integers(kSeveral, spec.tokens.size());
  if (!several) return several.error();
  for (const std::int64_t id : *several) {
    if (id < 0 || static_cast<std::uint64_t>(id) >= spec.tokens.size())
      return base::Error{fmt::format("{}: metadata {} has {}; ids below {} are expected", file.path(), kSeveral, id,
                                     spec.tokens.size())};
    spec.eos.push_back(static_cast<base::TokenId>(id));
  }
  for (std::size_t i = 0; i < spec.tokens.size(); ++i) {
    if (std::ranges::find(kEndings, spec.tokens[i]) == kEndings.end()) continue;
    spec.types[i] = TokenType::Control;
    spec.eos.push_back(static_cast<base::TokenId>(i));
  }
  if (spec.eos.empty()) return {};
  const auto named = spec.eos.front();
  std::ranges::sort(spec.eos);
  spec.eos.erase(std::unique(spec.eos.begin(), spec.eos.end()), spec.eos.end());
  std::rotate(spec.eos.begin(), std::ranges::find(spec.eos, named), std::ranges::find(spec.eos, named) + 1);
  return {};
}

/// The texts of tokens that two characters, tokens or one of each make: what merges may lead to.
class Makeable {
 public:
  explicit Makeable(const std::vector<std::string>& tokens) : texts_(tokens.begin(), tokens.end()) {}
  [[nodiscard]] bool contains(std::string_view token) const {
    for (std::size_t i = 1; i < token.size(); ++i)
      if (is_part(token.substr(0, i)) && is_part(token.substr(i))) return true;
    return false;
  }

 private:
  [[nodiscard]] bool is_part(std::string_view text) const {
    return text.size() == base::character_bytes(text.front()) || texts_.contains(text);
  }
  std::unordered_set<std::string_view> texts_;
};

/// Merges and whole words find tokens of every type. Where a token is split off as it is written, that changes nothing
/// but for one whose bytes in the text differ from those in the vocabulary, so that only it is listed; and bytes, which
/// are not split off.
void list_mergeable(TokenizerSpec& spec) {
  const bool pieces = spec.kind == tokenizer::Kind::SentencePiece;
  if (!pieces && !spec.ignore_merges) return;  // merges know their tokens by id
  std::optional<Makeable> makeable;
  for (base::TokenId id = 0; id < spec.tokens.size(); ++id) {
    const std::string& token = spec.tokens[id];
    bool listed = false;
    if (is_found_in_text(spec.types[id])) {
      listed = pieces ? token.find(tokenizer::kSpaceSymbol) != std::string::npos
                      : tokenizer::bytes_of_symbols(token).value_or(token) != token;
    } else if (pieces && spec.types[id] == TokenType::Byte) {
      if (!makeable) makeable.emplace(spec.tokens);
      listed = makeable->contains(token);
    }
    if (!listed) continue;
    auto& added = spec.added.emplace_back();
    added.id = id;
    added.mergeable = true;
  }
}

/// Whether two of the tokens that are split off may overlap in a text with neither at the other's beginning: only then
/// does it matter which is looked for first.
bool may_overlap(const TokenizerSpec& spec) {
  std::vector<std::string_view> tokens;
  for (std::size_t i = 0; i < spec.tokens.size(); ++i)
    if (is_found_in_text(spec.types[i]) && !spec.tokens[i].empty()) tokens.emplace_back(spec.tokens[i]);
  std::array<bool, 256> begins{};
  for (const auto token : tokens) begins[static_cast<std::uint8_t>(token.front())] = true;
  return std::ranges::any_of(tokens, [&](std::string_view token) {
    return std::ranges::any_of(token.substr(1), [&](char c) { return begins[static_cast<std::uint8_t>(c)]; });
  });
}

}  // namespace

base::Status read_token_types(const GgufFile& file, TokenizerSpec& spec) {
  constexpr std::string_view kKey = "tokenizer.ggml.token_type";
  const auto types = file.integers(kKey, kMaximumTokens);
  if (!types) return types.error();
  spec.types.assign(spec.tokens.size(), TokenType::Normal);
  if (file.has(kKey)) {
    if (types->size() < spec.tokens.size())
      return base::Error{fmt::format("{}: metadata {} has {} elements; {} are expected", file.path(), kKey,
                                     types->size(), spec.tokens.size())};
    for (std::size_t i = 0; i < spec.tokens.size(); ++i) {
      if ((*types)[i] < 1 || (*types)[i] > 6)
        return base::Error{
            fmt::format("{}: metadata {}: element {} is {}; 1 to 6 is expected", file.path(), kKey, i, (*types)[i])};
      spec.types[i] = static_cast<TokenType>((*types)[i]);
    }
  }
  if (spec.kind == tokenizer::Kind::SentencePiece) find_bytes(spec);
  return {};
}

base::Status read_special_tokens(const GgufFile& file, TokenizerSpec& spec) {
  const Defaults defaults = defaults_of(spec);
  const auto bos = token_id(file, "tokenizer.ggml.bos_token_id", spec.tokens.size(), defaults.bos);
  if (!bos) return bos.error();
  spec.bos = *bos;
  const auto unknown = token_id(file, "tokenizer.ggml.unknown_token_id", spec.tokens.size(), defaults.unknown);
  if (!unknown) return unknown.error();
  spec.unknown = *unknown;
  if (const auto endings = read_endings(file, defaults.eos, spec); !endings) return endings;

  list_mergeable(spec);
  spec.longest_first = may_overlap(spec);
  const auto add_bos = file.boolean("tokenizer.ggml.add_bos_token");
  if (!add_bos) return add_bos.error();
  spec.add_bos = add_bos->value_or(spec.add_bos);
  if (spec.add_bos && !spec.bos)
    return base::Error{fmt::format(
        "{}: metadata tokenizer.ggml.bos_token_id is missing, and a text begins with such a token", file.path())};
  return {};
}

}  // namespace kiln::checkpoint
