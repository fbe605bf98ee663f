// The tokenizer that a GGUF carries under tokenizer.*.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "checkpoint/gguf_model.hpp"

namespace kiln::checkpoint {
namespace {

using tokenizer::TokenizerSpec;
using tokenizer::TokenType;

constexpr std::uint64_t kMaximumTokens = 16'777'216;
constexpr std::uint64_t kMaximumMerges = 2 * kMaximumTokens;

// Control tokens that end a text or a turn whether or not a key says so; files often name one of several.
constexpr std::array<std::string_view, 6> kEndings = {"<|eot_id|>",    "<|eom_id|>",      "<|im_end|>",
                                                      "<|endoftext|>", "<|end_of_text|>", "</s>"};

base::Error fail(const GgufFile& file, const std::string& what) {
  return base::Error{fmt::format("{}: {}", file.path(), what)};
}

/// An id below the number of tokens, or nothing if the key is absent.
base::Result<std::optional<base::TokenId>> token_id(const GgufFile& file, const std::string& key, std::size_t tokens) {
  const auto id = file.integer(key);
  if (!id) return id.error();
  if (!*id) return std::optional<base::TokenId>{};
  if (**id >= tokens)
    return fail(file, fmt::format("metadata {} is {}; an id below {} is expected", key, **id, tokens));
  return std::optional<base::TokenId>{static_cast<base::TokenId>(**id)};
}

base::Status read_special(const GgufFile& file, TokenizerSpec& spec) {
  const auto bos = token_id(file, "tokenizer.ggml.bos_token_id", spec.tokens.size());
  if (!bos) return bos.error();
  spec.bos = *bos;
  const auto unknown = token_id(file, "tokenizer.ggml.unknown_token_id", spec.tokens.size());
  if (!unknown) return unknown.error();
  spec.unknown = *unknown;
  for (const char* key :
       {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    const auto id = token_id(file, key, spec.tokens.size());
    if (!id) return id.error();
    if (*id) spec.eos.push_back(**id);
  }
  for (std::size_t i = 0; i < spec.tokens.size(); ++i)
    if (spec.types[i] == TokenType::Control &&
        std::find(kEndings.begin(), kEndings.end(), spec.tokens[i]) != kEndings.end())
      spec.eos.push_back(static_cast<base::TokenId>(i));
  std::sort(spec.eos.begin(), spec.eos.end());
  spec.eos.erase(std::unique(spec.eos.begin(), spec.eos.end()), spec.eos.end());
  return {};
}

base::Status read_types(const GgufFile& file, TokenizerSpec& spec) {
  const auto types = file.integers("tokenizer.ggml.token_type", kMaximumTokens);
  if (!types) return types.error();
  if (types->empty()) {
    spec.types.assign(spec.tokens.size(), TokenType::Normal);
    return {};
  }
  if (types->size() != spec.tokens.size())
    return fail(file, fmt::format("metadata tokenizer.ggml.token_type has {} elements; {} are expected", types->size(),
                                  spec.tokens.size()));
  for (std::size_t i = 0; i < types->size(); ++i) {
    if ((*types)[i] < 1 || (*types)[i] > 6)
      return fail(file, fmt::format("metadata tokenizer.ggml.token_type: element {} is {}; 1 to 6 is expected", i,
                                    (*types)[i]));
    spec.types.push_back(static_cast<TokenType>((*types)[i]));
  }
  return {};
}

/// SentencePiece or byte-level, and what only that kind has.
base::Status read_kind(const GgufFile& file, const std::string& model, TokenizerSpec& spec) {
  if (model == "llama") {
    spec.kind = tokenizer::Kind::SentencePiece;
    spec.add_bos = true;
    auto scores = file.floats("tokenizer.ggml.scores", kMaximumTokens);
    if (!scores) return scores.error();
    spec.scores = std::move(*scores);
    if (spec.scores.size() != spec.tokens.size())
      return fail(file, fmt::format("metadata tokenizer.ggml.scores has {} elements; {} are expected",
                                    spec.scores.size(), spec.tokens.size()));
    return {};
  }
  if (model != "gpt2")
    return fail(file, fmt::format("the tokenizer {} is not supported; llama or gpt2 is expected", model));
  spec.kind = tokenizer::Kind::ByteLevel;
  spec.add_space_prefix = false;
  const auto pre = file.text("tokenizer.ggml.pre");
  if (!pre) return pre.error();
  if (*pre == "llama-bpe") {
    spec.pre = tokenizer::PreTokenizer::Llama3;
    spec.ignore_merges = true;
    spec.add_bos = true;
  } else if (*pre == "smollm") {
    spec.pre = tokenizer::PreTokenizer::SmolLm;
  } else {
    return fail(file, fmt::format("the pre-tokeniser {} is not supported; llama-bpe or smollm is expected",
                                  pre->value_or("(none in the metadata)")));
  }
  auto merges = file.texts("tokenizer.ggml.merges", kMaximumMerges);
  if (!merges) return merges.error();
  if (merges->empty())
    return fail(file, "metadata tokenizer.ggml.merges is missing or empty; the merges of gpt2 are expected");
  spec.merges = std::move(*merges);
  return {};
}

}  // namespace

base::Result<std::optional<TokenizerSpec>> gguf_tokenizer(const GgufFile& file) {
  const auto model = file.text("tokenizer.ggml.model");
  if (!model) return model.error();
  if (!*model || **model == "none" || **model == "no_vocab") return std::optional<TokenizerSpec>{};
  TokenizerSpec spec;
  auto tokens = file.texts("tokenizer.ggml.tokens", kMaximumTokens);
  if (!tokens) return tokens.error();
  if (tokens->empty())
    return fail(file, "metadata tokenizer.ggml.tokens is missing or empty; a vocabulary is expected");
  spec.tokens = std::move(*tokens);
  if (const auto kind = read_kind(file, **model, spec); !kind) return kind.error();
  if (const auto types = read_types(file, spec); !types) return types.error();
  if (const auto special = read_special(file, spec); !special) return special.error();

  const auto add_bos = file.boolean("tokenizer.ggml.add_bos_token");
  if (!add_bos) return add_bos.error();
  spec.add_bos = add_bos->value_or(spec.add_bos);
  const auto prefix = file.boolean("tokenizer.ggml.add_space_prefix");
  if (!prefix) return prefix.error();
  spec.add_space_prefix = prefix->value_or(spec.add_space_prefix);
  const auto chat = file.text("tokenizer.chat_template");
  if (!chat) return chat.error();
  spec.chat_template = chat->value_or("");
  if (spec.add_bos && !spec.bos) spec.add_bos = false;  // nothing to add
  return std::optional<TokenizerSpec>{std::move(spec)};
}

}  // namespace kiln::checkpoint
