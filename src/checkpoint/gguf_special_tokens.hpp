// Special tokens and types of tokens of a GGUF's vocabulary, with the defaults that llama.cpp has for missing keys.
// Both take a spec whose kind, tokens and default of add_bos are known.
#pragma once

#include <cstdint>

#include "checkpoint/gguf_reader.hpp"
#include "tokenizer/tokenizer.hpp"

namespace kiln::checkpoint {

inline constexpr std::uint64_t kMaximumTokens = 16'777'216;

/// Fills `types`: those of the file, else Normal; bytes of SentencePiece are known by their text too.
base::Status read_token_types(const GgufFile& file, tokenizer::TokenizerSpec& spec);

/// Fills bos, eos, unknown and add_bos; tokens that end texts by their text become control tokens. Then it is known how
/// tokens that are not Normal are found in a text: fills `added` and longest_first.
base::Status read_special_tokens(const GgufFile& file, tokenizer::TokenizerSpec& spec);

}  // namespace kiln::checkpoint
