// Files of small Hugging Face directories, which tests change.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tokenizer/hugging_face.hpp"
#include "tokenizer/small_vocabularies.hpp"

namespace kiln::tokenizer::small {

inline nlohmann::json smol_json() {
  nlohmann::json root =
      nlohmann::json::parse(R"({"added_tokens":[{"id":257,"content":"<|im_end|>","special":true}],"normalizer":null,
    "pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},
      {"type":"ByteLevel","add_prefix_space":false,"use_regex":true}]},
    "model":{"type":"BPE","vocab":{},"merges":[["a","b"]]}})");
  for (int byte = 0; byte < 256; ++byte) root["model"]["vocab"][symbol(byte)] = byte;
  root["model"]["vocab"]["ab"] = 256;
  return root;
}

inline nlohmann::json llama2_json() {
  return nlohmann::json::parse(
      R"({"added_tokens":[{"id":0,"content":"<unk>","special":true},{"id":1,"content":"<s>","special":true}],
    "normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},
      {"type":"Replace","pattern":{"String":" "},"content":"▁"}]},"pre_tokenizer":null,
    "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}}]},
    "model":{"type":"BPE","byte_fallback":true,"fuse_unk":true,"unk_token":"<unk>",
      "vocab":{"<unk>":0,"<s>":1,"▁":2,"a":3,"b":4,"c":5,"ab":6,"bc":7,"abc":8},"merges":["b c","a b","ab c"]}})");
}

/// A byte-level tokenizer.json whose post-processor adds <s> (257), and what is beside it.
struct Directory {
  nlohmann::json json = with_bos();
  nlohmann::json tokenizer_config;
  nlohmann::json special_tokens;
  nlohmann::json added_tokens;
  nlohmann::json config = {{"vocab_size", 300}};
  nlohmann::json generation_config;
  std::optional<std::string> chat_template;

  static nlohmann::json with_bos() {
    auto root = smol_json();
    root["added_tokens"] = nlohmann::json::array({added(257, "<s>"), added(258, "</s>")});
    root["post_processor"] = nlohmann::json::parse(
        R"({"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}}],
            "special_tokens":{"<s>":{"id":"<s>","ids":[257],"tokens":["<s>"]}}})");
    return root;
  }
  static nlohmann::json added(int id, const std::string& text, bool special = true) {
    return {{"id", id},        {"content", text}, {"special", special},  {"normalized", false},
            {"lstrip", false}, {"rstrip", false}, {"single_word", false}};
  }
  [[nodiscard]] HuggingFaceFiles files() const {
    const auto text = [](const nlohmann::json& value) { return value.is_null() ? std::string() : value.dump(); };
    HuggingFaceFiles out;
    out.name = "t";
    out.tokenizer_json = text(json);
    out.tokenizer_config = text(tokenizer_config);
    out.special_tokens = text(special_tokens);
    out.added_tokens = text(added_tokens);
    out.config = text(config);
    out.generation_config = text(generation_config);
    out.chat_template = chat_template;
    return out;
  }
  [[nodiscard]] TokenizerSpec spec() const {
    const auto read = spec_from_hugging_face(files());
    if (!read) throw std::runtime_error(read.error().message);
    return *read;
  }
  [[nodiscard]] std::vector<base::TokenId> ids(const std::string& text) const {
    return Tokenizer::create(spec()).value().encode(text).value();
  }
  [[nodiscard]] std::string error() const {
    const auto read = spec_from_hugging_face(files());
    return read ? "accepted" : read.error().message;
  }
};

}  // namespace kiln::tokenizer::small
