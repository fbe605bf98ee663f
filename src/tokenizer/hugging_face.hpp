// The tokenizer of a Hugging Face directory: which files there are and what they say together. docs/checkpoints.md
// says for each file and key what becomes of it; where two say something, what `transformers` does counts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kiln/base/result.hpp"
#include "tokenizer/tokenizer.hpp"

namespace kiln::tokenizer {

/// The texts of the files; an empty one is not there.
struct HuggingFaceFiles {
  std::string name;                          ///< of the first of these two, for errors; the others are named beside it
  std::string tokenizer_json;                ///< BPE, byte-level or with byte fallback
  std::string sentence_piece;                ///< tokenizer.model, read where there is no tokenizer.json
  std::string tokenizer_config;              ///< tokenizer_config.json
  std::string special_tokens;                ///< special_tokens_map.json, of older writers
  std::string added_tokens;                  ///< added_tokens.json, of older writers
  std::string config;                        ///< config.json
  std::string generation_config;             ///< generation_config.json
  std::optional<std::string> chat_template;  ///< of a file of its own
};

/// What counts as the template of a checkpoint that has several, each with a name, and none is the default: one that
/// raises their names, as transformers does where it is asked for none of them.
std::string template_without_default(const std::vector<std::string>& names);

/// Refuses, by file, key and name, what changes ids, or the end of an answer, and Kiln lacks.
base::Result<TokenizerSpec> spec_from_hugging_face(const HuggingFaceFiles& files);

}  // namespace kiln::tokenizer
