// Which tokens of a GGUF's vocabulary begin and end texts, and of what type each is. Files leave much of it out: the
// defaults are those of llama.cpp (src/llama-vocab.cpp), which is what such files were tried with.
#include "checkpoint/gguf_special_tokens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

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

  const auto add_bos = file.boolean("tokenizer.ggml.add_bos_token");
  if (!add_bos) return add_bos.error();
  spec.add_bos = add_bos->value_or(spec.add_bos);
  if (spec.add_bos && !spec.bos)
    return base::Error{fmt::format(
        "{}: metadata tokenizer.ggml.bos_token_id is missing, and a text begins with such a token", file.path())};
  return {};
}

}  // namespace kiln::checkpoint
