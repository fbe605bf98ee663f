#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "json/read.hpp"
#include "tokenizer/byte_symbols.hpp"
#include "tokenizer/hugging_face_model.hpp"
#include "tokenizer/json_view.hpp"
#include "tokenizer/pre_tokenizer.hpp"
#include "tokenizer/tokenizer.hpp"

namespace kiln::tokenizer {
namespace {

using MaybeError = std::optional<base::Error>;

constexpr std::size_t kMaxJsonBytes = std::size_t{256} << 20;
constexpr std::size_t kMaxDepth = 64;
/// End of text and of turn in chat models, beside those that the configs declare.
constexpr std::array<std::string_view, 5> kEndTokens = {"<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|im_end|>",
                                                        "<|endoftext|>"};

base::Result<json::Value> parse(std::string_view text, const std::string& file) {
  if (text.size() > kMaxJsonBytes) {
    return base::Error{fmt::format("{}: {} bytes, expected at most {}", file, text.size(), kMaxJsonBytes)};
  }
  if (text.empty()) return json::Value(json::Object());
  std::string wrong;
  auto value = json::read(text, kMaxDepth, [&](const json::Problem& problem) {
    switch (problem.kind) {
      case json::Problem::Kind::Syntax:
        wrong = fmt::format("not JSON at byte {}", problem.byte);
        break;
      case json::Problem::Kind::NumberTooLarge:
        wrong = "not JSON at byte 0";
        break;
      case json::Problem::Kind::TooDeep:
        wrong = fmt::format("nested deeper than {} levels", kMaxDepth);
        break;
      case json::Problem::Kind::KeyTwice:
        wrong = fmt::format("the key \"{}\" is twice in one object, expected once",
                            base::excerpt(base::without_controls(problem.what)));
        break;
    }
    return false;
  });
  if (!value) return base::Error{fmt::format("{}: {}", file, wrong)};
  if (value->is_object()) return *std::move(value);
  return base::Error{fmt::format("{}: /: found {}, expected an object", file, value->type_name())};
}

/// What is at `view`, or its members if it is a Sequence.
std::vector<JsonView> parts(const JsonView& view, std::string_view list) {
  if (view.is_null()) return {};
  if (view.type() != "Sequence") return {view};
  const JsonView members = view.at(list);
  std::vector<JsonView> out;
  const std::size_t count = members.size();
  if (count > 16) members.fail(fmt::format("{} parts, expected at most 16", count));
  for (std::size_t i = 0; i < std::min<std::size_t>(count, 16); ++i) out.push_back(members.at(i));
  return out;
}

std::string names(const std::vector<JsonView>& views) {
  std::string out;
  for (const auto& view : views) {
    out += (out.empty() ? "" : ", ") + view.type();
    if (view.type() == "Split")
      out += fmt::format(" by \"{}\"", json::write(view.at("pattern").value()).substr(0, 200));
  }
  return out.empty() ? "none" : out;
}

bool is_metaspace(const JsonView& view, TokenizerSpec& spec) {
  if (view.type() != "Metaspace" || view.at("replacement").text() != kSpaceSymbol || view.flag("split", true))
    return false;
  const JsonView scheme = view.at("prepend_scheme");
  const std::string name = !scheme.is_null() ? scheme.text() : view.flag("add_prefix_space", true) ? "always" : "never";
  spec.add_space_prefix = name != "never";
  spec.space_prefix = name == "first" ? SpacePrefix::FirstPartUnlessSpace : SpacePrefix::EachPartUnlessSpace;
  return name == "first" || name == "always" || name == "never";
}

void read_sentence_piece_spaces(const JsonView& root, TokenizerSpec& spec) {
  const auto normalizers = parts(root.at("normalizer"), "normalizers");
  const auto pre = parts(root.at("pre_tokenizer"), "pretokenizers");
  spec.add_space_prefix = false;
  if (normalizers.empty() && pre.size() == 1 && is_metaspace(pre[0], spec)) return;
  if (!pre.empty()) {
    return root.at("pre_tokenizer")
        .fail(fmt::format("{}, and with byte fallback Kiln has none or Metaspace without split", names(pre)));
  }
  bool replaced = false;
  for (const auto& part : normalizers) {
    if (part.type() == "Prepend" && part.at("prepend").text() == kSpaceSymbol && !replaced && !spec.add_space_prefix) {
      spec.add_space_prefix = true;
    } else if (part.type() == "Replace" && part.at("pattern").at("String").value() == " " &&
               part.at("content").text() == kSpaceSymbol && !replaced) {
      replaced = true;
    } else {
      return part.fail(fmt::format("{}, expected U+2581 prepended and put for spaces", names({part})));
    }
  }
  if (!replaced) root.at("normalizer").fail("no Replace of spaces by U+2581, which byte fallback needs in Kiln");
}

void read_byte_level_pre_tokenizer(const JsonView& root, TokenizerSpec& spec) {
  if (!parts(root.at("normalizer"), "normalizers").empty()) {
    return root.at("normalizer").fail("found a normaliser, and Kiln has none for byte-level vocabularies");
  }
  const auto pre = parts(root.at("pre_tokenizer"), "pretokenizers");
  if (pre.size() == 2 && pre[1].type() == "ByteLevel" && !pre[1].flag("add_prefix_space", true)) {
    const bool own_expression = pre[1].flag("use_regex", true);
    if (pre[0].type() == "Split" && !own_expression && pre[0].at("pattern").at("Regex").value() == kLlama3Expression &&
        pre[0].at("behavior").value() == "Isolated" && !pre[0].flag("invert", false)) {
      spec.pre = PreTokenizer::Llama3;
      return;
    }
    if (pre[0].type() == "Digits" && own_expression && pre[0].flag("individual_digits", false)) {
      spec.pre = PreTokenizer::SmolLm;
      return;
    }
  }
  root.at("pre_tokenizer")
      .fail(fmt::format("{}, and the pre-tokenisers that Kiln has are those of Llama 3 and SmolLM2", names(pre)));
}

std::optional<base::TokenId> id_of(const std::string& text, const TokenizerSpec& spec) {
  const auto found = std::find(spec.tokens.begin(), spec.tokens.end(), text);
  if (found == spec.tokens.end()) return std::nullopt;
  return static_cast<base::TokenId>(found - spec.tokens.begin());
}

/// The BOS from TemplateProcessing: [SpecialToken, Sequence A] or [Sequence A].
void read_post_processor(const JsonView& root, TokenizerSpec& spec) {
  for (const auto& part : parts(root.at("post_processor"), "processors")) {
    if (part.type() == "ByteLevel") continue;
    if (part.type() != "TemplateProcessing")
      return part.fail(fmt::format("{}, expected TemplateProcessing", part.type()));
    const JsonView single = part.at("single");
    const std::size_t count = single.size();
    const bool with_bos = count == 2 && single.at(std::size_t{0}).value().find("SpecialToken") != nullptr;
    if (count != (with_bos ? 2U : 1U) || single.at(count - 1).value().find("Sequence") == nullptr) {
      return single.fail("expected the text, with at most one special token in front");
    }
    if (!with_bos) continue;
    const JsonView token = single.at(std::size_t{0}).at("SpecialToken").at("id");
    spec.bos = id_of(token.text(), spec);
    spec.add_bos = true;
    if (!spec.bos) token.fail("no such token");
  }
}

/// A token as tokenizer_config.json writes it: its text, or an object with `content`.
std::optional<base::TokenId> named_token(const JsonView& view, const TokenizerSpec& spec) {
  if (view.is_null()) return std::nullopt;
  const JsonView text = view.value().is_object() ? view.at("content") : view;
  const auto id = id_of(text.text(), spec);
  if (!id) text.fail("no such token");
  return id;
}

void add_end(std::optional<base::TokenId> id, TokenizerSpec& spec) {
  if (id && std::find(spec.eos.begin(), spec.eos.end(), *id) == spec.eos.end()) spec.eos.push_back(*id);
}

void read_tokenizer_config(const JsonView& config, TokenizerSpec& spec) {
  if (const auto bos = named_token(config.at("bos_token"), spec)) spec.bos = bos;
  add_end(named_token(config.at("eos_token"), spec), spec);
  spec.add_bos = config.flag("add_bos_token", spec.add_bos);
  if (config.flag("add_eos_token", false)) config.at("add_eos_token").fail("true, and Kiln puts nothing behind a text");
  const JsonView chat = config.at("chat_template");
  if (chat.value().is_array()) {
    for (std::size_t i = 0; i < chat.size(); ++i) {
      if (chat.at(i).at("name").text() == "default") spec.chat_template = chat.at(i).at("template").text();
    }
  } else if (!chat.is_null()) {
    spec.chat_template = chat.text();
  }
}

void read_model_config(const JsonView& config, TokenizerSpec& spec) {
  const auto limit = static_cast<std::uint32_t>(spec.tokens.size() - 1);
  const JsonView bos = config.at("bos_token_id");
  if (!spec.bos && !bos.is_null()) spec.bos = bos.number(limit);
  const JsonView eos = config.at("eos_token_id");
  if (eos.value().is_array()) {
    const std::size_t count = eos.size();
    if (count > 64) return eos.fail(fmt::format("{} ids, expected at most 64", count));
    for (std::size_t i = 0; i < count; ++i) add_end(eos.at(i).number(limit), spec);
  } else if (!eos.is_null()) {
    add_end(eos.number(limit), spec);
  }
  for (const auto text : kEndTokens) {
    const auto id = id_of(std::string(text), spec);
    if (id && spec.types[*id] == TokenType::Control) add_end(id, spec);
  }
}

}  // namespace

base::Result<TokenizerSpec> spec_from_tokenizer_json(std::string_view tokenizer_json,
                                                     std::string_view tokenizer_config_json,
                                                     std::string_view config_json, const std::string& name) {
  const std::string config_name = name + " (tokenizer_config.json)";
  const std::string model_name = name + " (config.json)";
  const auto json = parse(tokenizer_json, name);
  if (!json) return json.error();
  const auto config = parse(tokenizer_config_json, config_name);
  if (!config) return config.error();
  const auto model_config = parse(config_json, model_name);
  if (!model_config) return model_config.error();

  TokenizerSpec spec;
  MaybeError error;
  const JsonView root(*json, "", name, error);
  read_model(root, spec);
  if (error) return *error;
  if (spec.tokens.empty()) return base::Error{name + ": /model/vocab: no tokens, expected at least one"};
  if (spec.kind == Kind::SentencePiece) {
    read_sentence_piece_spaces(root, spec);
  } else {
    read_byte_level_pre_tokenizer(root, spec);
  }
  read_post_processor(root, spec);
  read_tokenizer_config(JsonView(*config, "", config_name, error), spec);
  read_model_config(JsonView(*model_config, "", model_name, error), spec);
  if (error) return *error;
  return spec;
}

}  // namespace kiln::tokenizer
