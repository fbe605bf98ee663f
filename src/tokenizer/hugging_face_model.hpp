// The `model` and `added_tokens` of a tokenizer.json: tokens, their ids and types, merges. Private to the tokenizer module.
#pragma once

#include "tokenizer/json_view.hpp"
#include "tokenizer/tokenizer.hpp"

namespace kiln::tokenizer {

/// Into kind, tokens, types, merges, ignore_merges and unknown of `spec`; errors stay with the view.
void read_model(const JsonView& root, TokenizerSpec& spec);

}  // namespace kiln::tokenizer
