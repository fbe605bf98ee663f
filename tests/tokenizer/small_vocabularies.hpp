// Vocabularies small enough to work out by hand.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "tokenizer/tokenizer.hpp"

namespace kiln::tokenizer::small {

/// <unk>, <s>, </s>, 256 bytes, then `words` with scores 0, -1, -2, ...
inline TokenizerSpec sentence_piece(const std::vector<std::string>& words) {
  TokenizerSpec spec;
  spec.tokens = {"<unk>", "<s>", "</s>"};
  spec.types = {TokenType::Unknown, TokenType::Control, TokenType::Control};
  for (int byte = 0; byte < 256; ++byte) {
    spec.tokens.push_back(fmt::format("<0x{:02X}>", byte));
    spec.types.push_back(TokenType::Byte);
  }
  spec.scores.assign(259, 0.0F);
  for (const auto& word : words) {
    spec.tokens.push_back(word);
    spec.types.push_back(TokenType::Normal);
    spec.scores.push_back(-static_cast<float>(spec.tokens.size() - 260));
  }
  spec.unknown = 0;
  spec.bos = 1;
  spec.eos = {2};
  spec.add_bos = true;
  return spec;
}

/// GPT-2's symbol of a byte.
inline std::string symbol(int byte) {
  int code = byte;
  if (!((byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173))) {
    code = byte <= 32 ? 256 + byte : byte <= 160 ? 256 + 33 + byte - 127 : 256 + 67;
  }
  if (code < 128) return std::string(1, static_cast<char>(code));
  return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
}

/// Ids 0 to 255 are the bytes; then the tokens that `merges` make; the last is the control token <|end|>.
inline TokenizerSpec byte_level(PreTokenizer pre, const std::vector<std::string>& merges) {
  TokenizerSpec spec;
  spec.kind = Kind::ByteLevel;
  spec.pre = pre;
  for (int byte = 0; byte < 256; ++byte) spec.tokens.push_back(symbol(byte));
  for (auto merge : merges) {
    spec.merges.push_back(merge);
    merge.erase(merge.find(' '), 1);
    spec.tokens.push_back(merge);
  }
  spec.types.assign(spec.tokens.size(), TokenType::Normal);
  spec.tokens.emplace_back("<|end|>");
  spec.types.push_back(TokenType::Control);
  spec.eos = {static_cast<base::TokenId>(spec.tokens.size() - 1)};
  return spec;
}

/// llama2.c's format: int32 longest token, then per token float score, int32 length, bytes (spaces as they are).
inline TokenizerSpec from_llama2c(std::string_view file) {
  TokenizerSpec spec = sentence_piece({});
  spec.scores.clear();
  std::vector<std::string> tokens;
  for (std::size_t at = 4; at + 8 <= file.size();) {
    float score = 0;
    std::uint32_t size = 0;
    std::memcpy(&score, file.data() + at, 4);
    std::memcpy(&size, file.data() + at + 4, 4);
    std::string text(file.substr(at + 8, size));
    at += 8 + size;
    for (std::size_t space = text.find(' '); space != std::string::npos; space = text.find(' ')) {
      text.replace(space, 1, "\xE2\x96\x81");
    }
    if (tokens.size() >= 259) spec.types.push_back(TokenType::Normal);
    if (tokens.size() >= 259) spec.tokens.push_back(text);
    tokens.push_back(text);
    spec.scores.push_back(score);
  }
  return spec;
}

}  // namespace kiln::tokenizer::small
