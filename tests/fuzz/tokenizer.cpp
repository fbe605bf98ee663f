// Texts through small tokenizers of every kind, the first byte says which; what has a token for every byte gives the text back.
#include "tokenizer/tokenizer.hpp"

#include <fmt/format.h>

#include <vector>

#include "base/utf8.hpp"
#include "support/property.hpp"
#include "tokenizer/small_vocabularies.hpp"

namespace {

using namespace kiln;
using tokenizer::SpacePrefix;
using tokenizer::Tokenizer;
using tokenizer::TokenizerSpec;

std::vector<TokenizerSpec> specs() {
  const std::vector<std::string> words = {"\xE2\x96\x81",
                                          "a",
                                          "b",
                                          "\xE2\x96\x81"
                                          "a",
                                          "ab",
                                          "\xE2\x96\x81\xE2\x96\x81",
                                          "\xE4\xBD\xA0",
                                          "aaaa"};
  const std::vector<std::string> merges = {
      "a b", "\xC4\xA0 a", "\xC4\xA0 \xC4\xA0", "ab ab", "1 2", "\xC3\xA4 \xC2\xBD", "' s"};
  std::vector<TokenizerSpec> all;
  for (const auto prefix :
       {SpacePrefix::EachPart, SpacePrefix::EachPartUnlessSpace, SpacePrefix::FirstPartUnlessSpace}) {
    all.push_back(tokenizer::small::sentence_piece(words));
    all.back().space_prefix = prefix;
  }
  all.push_back(tokenizer::small::sentence_piece(words));
  all.back().add_space_prefix = false;
  for (const auto pre : {tokenizer::PreTokenizer::Llama3, tokenizer::PreTokenizer::SmolLm}) {
    all.push_back(tokenizer::small::byte_level(pre, merges));
    all.push_back(all.back());
    all.back().ignore_merges = true;
  }
  // Tokens with settings of their own, and no tokens for bytes.
  const auto added = [](TokenizerSpec& spec, const std::string& text, tokenizer::AddedToken token) {
    token.id = static_cast<base::TokenId>(spec.tokens.size());
    spec.tokens.push_back(text);
    spec.types.push_back(tokenizer::TokenType::UserDefined);
    if (!spec.scores.empty()) spec.scores.push_back(0);
    if (token.normalized) token.text = text;
    spec.added.push_back(token);
  };
  for (const std::size_t like : {0U, 1U, 2U, 4U, 7U}) {
    all.push_back(all[like]);
    tokenizer::AddedToken strips, whole;
    strips.lstrip = true;
    strips.rstrip = like % 2 == 0;
    whole.normalized = whole.single_word = true;
    added(all.back(), "<x>", strips);
    added(all.back(), "c", whole);
  }
  all.push_back(all[0]);
  for (std::size_t id = 3; id < 259; ++id) {
    all.back().tokens[id] = fmt::format("[{}]", id);
    all.back().types[id] = tokenizer::TokenType::Normal;
  }
  return all;
}

std::vector<Tokenizer> tokenizers() {
  std::vector<Tokenizer> all;
  for (auto& spec : specs()) {
    auto created = Tokenizer::create(std::move(spec));
    fuzz::require(created.ok(), "a small tokenizer", created ? "" : created.error().message);
    all.push_back(std::move(*created));
  }
  return all;
}

/// Tokens that have no text, and the symbol of a space, which is a space once more.
bool comes_back(const TokenizerSpec& spec, std::string_view text) {
  for (const std::string_view lost : {"<s>", "</s>", "<unk>", "<|end|>"})
    if (text.find(lost) != text.npos) return false;
  if (!spec.added.empty() || (spec.kind != tokenizer::Kind::ByteLevel && spec.types[3] != tokenizer::TokenType::Byte))
    return false;
  if (spec.kind == tokenizer::Kind::ByteLevel) return true;
  const bool takes_space = spec.space_prefix != SpacePrefix::EachPart && text.starts_with(' ');
  return text.find("\xE2\x96\x81") == text.npos && !takes_space;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Tokenizer> all = tokenizers();
  if (size == 0) return 0;
  const Tokenizer& tokenizer = all[data[0] % all.size()];
  const std::string_view text = fuzz::text_of(data + 1, size - 1);
  const auto ids = tokenizer.encode(text);
  fuzz::require(ids.ok() == !base::first_invalid_utf8(text), "well-formed text is encoded, and no other");
  if (!fuzz::good(ids)) return 0;
  const auto decoded = tokenizer.decode(*ids);
  if (comes_back(tokenizer.spec(), text)) fuzz::require(decoded == text, "a text comes back", decoded);
  tokenizer::Utf8Assembler assembler;
  std::string streamed;
  for (const auto id : *ids) streamed += assembler.push(tokenizer.decode(id));
  streamed += assembler.finish();
  if (tokenizer.spec().kind == tokenizer::Kind::ByteLevel)
    fuzz::require(streamed == decoded, "token by token gives the same text", streamed);
  return 0;
}
