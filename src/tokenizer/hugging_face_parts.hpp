// The steps by which the files of a Hugging Face directory become a spec. Private to the tokenizer module; each reads
// through views, with which errors stay.
#pragma once

#include <optional>
#include <string>

#include "kiln/base/result.hpp"
#include "tokenizer/json_view.hpp"
#include "tokenizer/tokenizer.hpp"

namespace kiln::tokenizer {

/// The id of a token by its stored text.
std::optional<base::TokenId> id_of(const std::string& text, const TokenizerSpec& spec);

/// `model` and `added_tokens` of a tokenizer.json, into kind, tokens, types, merges, ignore_merges, unknown and added.
void read_model(const JsonView& root, TokenizerSpec& spec);

/// Its normalizer, pre_tokenizer, post_processor and decoder.
void read_pipeline(const JsonView& root, TokenizerSpec& spec);

/// A tokenizer.model, which is a ModelProto of SentencePiece. `file` names it in errors.
base::Result<TokenizerSpec> read_sentence_piece(const std::string& bytes, const std::string& file);

/// The settings of an added token that are at `view`, as its type and what is put beside the token.
struct AddedSettings {
  TokenType type = TokenType::Control;
  AddedToken added;
};
AddedSettings read_added_settings(const JsonView& view);
/// Whether a token of the model's own vocabulary is looked up by its text beside the merges.
bool is_looked_up(const std::string& text, const TokenizerSpec& spec);
/// Gives the token these settings: the last that are given count.
void set_added(base::TokenId id, const AddedSettings& settings, TokenizerSpec& spec);

/// The JSON files beside it.
struct Settings {
  JsonView tokenizer_config;
  JsonView special_tokens;
  JsonView added_tokens;
  JsonView config;
  JsonView generation_config;
};
/// What these files add and name: tokens, BOS and ends, what a template sees, the template.
void read_settings(const Settings& settings, bool from_sentence_piece, TokenizerSpec& spec);

/// What they say that Kiln would do otherwise.
void refuse_settings(const Settings& files, bool from_sentence_piece, const TokenizerSpec& spec);
/// Lists of further special tokens, or objects of names that only this model has and theirs, under the keys that files
/// have for them.
std::vector<JsonView> further_tokens(const Settings& files);
/// `chat_template` of a tokenizer_config.json.
void read_template(const JsonView& config, TokenizerSpec& spec);
/// The token with an id that a config of a model with that many rows declares. None for a row above the tokenizer's
/// `tokens`, and none for a negative one, which transformers compares with what the model makes and never meets.
std::optional<base::TokenId> declared_id(const JsonView& id, std::size_t rows, std::size_t tokens);
/// Whether the tokenizer is of the class that has defaults of its own; it is where no class is named.
bool is_llama_class(const JsonView& config);

}  // namespace kiln::tokenizer
