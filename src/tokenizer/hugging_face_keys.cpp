// Keys of the files beside a tokenizer that name no token: what is refused, the chat template, the class.
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "tokenizer/hugging_face.hpp"
#include "tokenizer/hugging_face_parts.hpp"

namespace kiln::tokenizer {

bool is_llama_class(const JsonView& config) {
  const JsonView name = config.at("tokenizer_class");
  return name.is_null() || name.value() == "LlamaTokenizer" || name.value() == "LlamaTokenizerFast";
}

std::optional<base::TokenId> declared_id(const JsonView& id, std::size_t rows, std::size_t tokens) {
  const json::Value& value = id.value();
  if (value.is_number() && !value.is_whole() && value.number() < 0 && value.number() == std::floor(value.number()))
    return std::nullopt;
  const base::TokenId row = id.number(static_cast<std::uint32_t>(rows - 1));
  return row < tokens ? std::optional(row) : std::nullopt;
}

std::vector<JsonView> further_tokens(const Settings& files) {
  const bool has_decoder = !files.tokenizer_config.at("added_tokens_decoder").is_null();
  std::vector<JsonView> all;
  for (const JsonView* file : {&files.tokenizer_config, &files.special_tokens}) {
    if (file != &files.tokenizer_config && (has_decoder || !all.empty())) break;
    for (const char* key : {"extra_special_tokens", "additional_special_tokens"}) {
      const JsonView view = file->at(key);
      const bool is_empty = (view.value().is_array() || view.value().is_object()) && view.value().size() == 0;
      if (view.is_null() || is_empty) continue;
      all.push_back(view);
      if (!view.value().is_object()) break;
    }
  }
  return all;
}

/// Tokens that an answer must or must not have, whoever chooses them and however.
void refuse_forced_tokens(const JsonView& generation) {
  for (const char* key : {"suppress_tokens", "begin_suppress_tokens", "bad_words_ids", "force_words_ids",
                          "forced_bos_token_id", "forced_eos_token_id", "sequence_bias"}) {
    const JsonView view = generation.at(key);
    const bool is_empty = (view.value().is_array() || view.value().is_object()) && view.value().size() == 0;
    if (!view.is_null() && !is_empty) view.fail("tokens are forced or forbidden, and Kiln's sampler takes each");
  }
}

void refuse_settings(const Settings& files, bool from_sentence_piece, const TokenizerSpec& spec) {
  const JsonView& config = files.tokenizer_config;
  const JsonView stops = files.generation_config.at("stop_strings");
  if (!stops.is_null() && !(stops.value().is_array() && stops.size() == 0))
    stops.fail("texts that end an answer, and in Kiln only tokens do");
  refuse_forced_tokens(files.generation_config);
  if (config.flag("split_special_tokens", false))
    config.at("split_special_tokens").fail("true, and Kiln takes special tokens in a text as these tokens");
  const char* corrupts = "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output";
  if (config.flag("clean_up_tokenization_spaces", false) && config.flag(corrupts, false))
    config.at(corrupts).fail("true, and Kiln leaves the spaces of a text as they are");
  if (from_sentence_piece) {
    if (config.flag("add_eos_token", false))
      config.at("add_eos_token").fail("true, and Kiln puts nothing behind a text");
    return;
  }
  const JsonView prefix = config.at("add_prefix_space");
  const bool llama = !config.at("tokenizer_class").is_null() && is_llama_class(config);
  if (prefix.is_null() || !llama || spec.kind != Kind::SentencePiece) return;
  if (config.flag("add_prefix_space", true) != spec.add_space_prefix)
    prefix.fail(
        fmt::format("{}, and the tokenizer.json says the contrary; expected that they agree", !spec.add_space_prefix));
}

std::string template_without_default(const std::vector<std::string>& names) {
  std::string all;
  for (std::string name : names) {
    name = base::excerpt(base::without_controls(name));
    std::erase_if(name, [](char c) { return c == '"' || c == '\\'; });  // it goes into a text of the template
    all += (all.empty() ? "" : ", ") + name;
  }
  return fmt::format(
      "{{{{ raise_exception(\"the checkpoint has no default chat template; those that it has are {}: give one by "
      "--template FILE\") }}}}",
      base::excerpt(all));
}

void read_template(const JsonView& config, TokenizerSpec& spec) {
  const JsonView chat = config.at("chat_template");
  if (!chat.value().is_array() && !chat.value().is_object()) {
    if (!chat.is_null()) spec.chat_template = chat.text();
    return;
  }
  std::map<std::string, JsonView> named;
  if (chat.value().is_array()) {
    for (std::size_t i = 0; i < chat.size(); ++i)
      named.insert_or_assign(chat.at(i).at("name").text(), chat.at(i).at("template"));
  } else {
    for (const auto& [name, value] : chat.value().object()) named.insert_or_assign(name, chat.at(name));
  }
  if (const auto found = named.find("default"); found != named.end()) {
    if (!found->second.is_null()) spec.chat_template = found->second.text();
  } else if (!named.empty()) {
    std::vector<std::string> names;
    names.reserve(named.size());
    for (const auto& [name, view] : named) names.push_back(name);
    spec.chat_template = template_without_default(names);
  }
}

}  // namespace kiln::tokenizer
