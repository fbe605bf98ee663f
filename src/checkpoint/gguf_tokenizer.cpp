// The tokenizer that a GGUF carries under tokenizer.*.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "checkpoint/gguf_keys.hpp"
#include "checkpoint/gguf_model.hpp"
#include "checkpoint/gguf_special_tokens.hpp"

namespace kiln::checkpoint {
namespace {

using tokenizer::PreTokenizer;
using tokenizer::TokenizerSpec;

constexpr std::uint64_t kMaximumMerges = 2 * kMaximumTokens;

/// llama.cpp gives each vocabulary a name; many of them split text by the same expression.
struct PreName {
  std::string_view name;
  PreTokenizer pre;
  bool as_llama3;  ///< ignores merges and begins with the BOS
};
constexpr std::array kPreNames = {
    PreName{"llama-bpe", PreTokenizer::Llama3, true},    PreName{"llama3", PreTokenizer::Llama3, true},
    PreName{"llama-v3", PreTokenizer::Llama3, true},     PreName{"falcon3", PreTokenizer::Llama3, true},
    PreName{"falcon-h1", PreTokenizer::Llama3, true},    PreName{"pixtral", PreTokenizer::Llama3, true},
    PreName{"midm-2.0", PreTokenizer::Llama3, true},     PreName{"lfm2", PreTokenizer::Llama3, true},
    PreName{"jina-v5-nano", PreTokenizer::Llama3, true}, PreName{"dbrx", PreTokenizer::Llama3, false},
    PreName{"smaug-bpe", PreTokenizer::Llama3, false},   PreName{"smollm", PreTokenizer::SmolLm, false},
    PreName{"starcoder", PreTokenizer::SmolLm, false},   PreName{"refact", PreTokenizer::SmolLm, false},
    PreName{"command-r", PreTokenizer::SmolLm, false},   PreName{"codeshell", PreTokenizer::SmolLm, false},
    PreName{"exaone", PreTokenizer::SmolLm, false},      PreName{"minerva-7b", PreTokenizer::SmolLm, false},
    PreName{"mellum2", PreTokenizer::SmolLm, false},
};

base::Status read_sentence_piece(const GgufFile& file, TokenizerSpec& spec) {
  spec.kind = tokenizer::Kind::SentencePiece;
  spec.add_bos = true;
  auto scores = file.floats("tokenizer.ggml.scores", kMaximumTokens);
  if (!scores) return scores.error();
  spec.scores = std::move(*scores);
  // Without scores no pair goes before another: the leftmost is merged first.
  if (!file.has("tokenizer.ggml.scores")) spec.scores.assign(spec.tokens.size(), 0.0F);
  if (spec.scores.size() < spec.tokens.size())
    return file.error(fmt::format("metadata tokenizer.ggml.scores has {} elements; {} are expected", spec.scores.size(),
                                  spec.tokens.size()));
  spec.scores.resize(spec.tokens.size());
  return {};
}

base::Status read_byte_level(const GgufFile& file, TokenizerSpec& spec) {
  spec.kind = tokenizer::Kind::ByteLevel;
  const auto pre = file.text("tokenizer.ggml.pre");
  if (!pre) return pre.error();
  const auto* known = std::ranges::find(kPreNames, pre->value_or(""), &PreName::name);
  if (known == kPreNames.end())
    return file.error(fmt::format("the pre-tokeniser {} is not supported; llama-bpe or smollm is expected",
                                  pre->value_or("(none in the metadata)")));
  spec.pre = known->pre;
  spec.ignore_merges = known->as_llama3;
  spec.add_bos = known->as_llama3;
  auto merges = file.texts("tokenizer.ggml.merges", kMaximumMerges);
  if (!merges) return merges.error();
  if (merges->empty())
    return file.error("metadata tokenizer.ggml.merges is missing or empty; the merges of gpt2 are expected");
  spec.merges = std::move(*merges);
  return {};
}

base::Status read_kind(const GgufFile& file, const std::string& model, TokenizerSpec& spec) {
  if (model == "llama") return read_sentence_piece(file, spec);
  if (model == "gpt2") return read_byte_level(file, spec);
  return file.error(fmt::format("the tokenizer {} is not supported; llama or gpt2 is expected", model));
}

/// What only a tokenizer has, in a file that does not say of which kind it is.
base::Status refuse_nameless(const GgufFile& file) {
  for (const char* key : {"tokenizer.ggml.tokens", "tokenizer.ggml.merges", "tokenizer.ggml.scores"})
    if (file.has(key))
      return file.error(fmt::format(
          "metadata tokenizer.ggml.model is missing, and there is {}; llama, gpt2 or none is expected", key));
  return {};
}

}  // namespace

base::Result<std::optional<TokenizerSpec>> gguf_tokenizer(const GgufFile& file) {
  const auto model = file.text("tokenizer.ggml.model");
  if (!model) return model.error();
  if (!*model)
    if (const auto nothing = refuse_nameless(file); !nothing) return nothing.error();
  if (!*model || **model == "none" || **model == "no_vocab") return std::optional<TokenizerSpec>{};
  TokenizerSpec spec;
  spec.bos_before_template = true;
  auto tokens = file.texts("tokenizer.ggml.tokens", kMaximumTokens);
  if (!tokens) return tokens.error();
  if (tokens->empty())
    return file.error("metadata tokenizer.ggml.tokens is missing or empty; a vocabulary is expected");
  spec.tokens = std::move(*tokens);
  if (const auto kind = read_kind(file, **model, spec); !kind) return kind.error();
  if (const auto plain = refuse_tokenizer_keys(file); !plain) return plain.error();
  if (const auto types = read_token_types(file, spec); !types) return types.error();
  if (const auto special = read_special_tokens(file, spec); !special) return special.error();
  const auto prefix = file.boolean("tokenizer.ggml.add_space_prefix");
  if (!prefix) return prefix.error();
  spec.add_space_prefix = prefix->value_or(spec.kind == tokenizer::Kind::SentencePiece);
  const auto chat = file.text("tokenizer.chat_template");
  if (!chat) return chat.error();
  spec.chat_template = chat->value_or("");
  return std::optional<TokenizerSpec>{std::move(spec)};
}

}  // namespace kiln::checkpoint
