#include "tokenizer/hugging_face.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "base/text.hpp"
#include "json/read.hpp"
#include "tokenizer/byte_symbols.hpp"
#include "tokenizer/hugging_face_parts.hpp"

namespace kiln::tokenizer {
namespace {

constexpr std::size_t kMaxJsonBytes = std::size_t{256} << 20;
constexpr std::size_t kMaxDepth = 64;

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
        wrong = fmt::format("byte {}: a number is too large, expected finite ones", problem.byte);
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

/// The files as JSON; views into them share one error.
class Parsed {
 public:
  JsonView view(const std::string& text, const std::string& file) {
    names_.push_back(file);
    auto value = parse(text, file);
    if (!value && !error_) error_ = value.error();
    values_.push_back(value ? *std::move(value) : json::Value(json::Object()));
    return {values_.back(), "", names_.back(), error_};
  }
  [[nodiscard]] const std::optional<base::Error>& error() const { return error_; }

 private:
  std::deque<std::string> names_;
  std::deque<json::Value> values_;
  std::optional<base::Error> error_;
};

/// By id, the last that was said of each, without what is as usual; with what is looked for in a normalised text.
void settle_added(TokenizerSpec& spec) {
  std::stable_sort(spec.added.begin(), spec.added.end(),
                   [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  std::vector<AddedToken> kept;
  for (std::size_t i = 0; i < spec.added.size(); ++i) {
    AddedToken& token = spec.added[i];
    if (i + 1 < spec.added.size() && spec.added[i + 1].id == token.id) {
      spec.added[i + 1].mergeable |= token.mergeable;
      continue;
    }
    if (!token.normalized && !token.lstrip && !token.rstrip && !token.single_word && !token.mergeable) continue;
    if (token.normalized && token.text.empty()) {
      token.text = spec.tokens[token.id];
      if (spec.kind == Kind::SentencePiece && spec.space_prefix == SpacePrefix::EachPart) {
        token.text = spaces_to_symbols(token.text);
        if (spec.add_space_prefix) token.text.insert(0, kSpaceSymbol);
      }
    }
    kept.push_back(std::move(token));
  }
  spec.added = std::move(kept);
}

}  // namespace

std::optional<base::TokenId> id_of(const std::string& text, const TokenizerSpec& spec) {
  const auto found = std::find(spec.tokens.begin(), spec.tokens.end(), text);
  if (found == spec.tokens.end()) return std::nullopt;
  return static_cast<base::TokenId>(found - spec.tokens.begin());
}

base::Result<TokenizerSpec> spec_from_hugging_face(const HuggingFaceFiles& files) {
  Parsed parsed;
  const auto beside = [&](const std::string& text, const char* file) {
    return parsed.view(text, fmt::format("{} ({})", files.name, file));
  };
  TokenizerSpec spec;
  const bool from_sentence_piece = files.tokenizer_json.empty();
  if (from_sentence_piece) {
    auto read = read_sentence_piece(files.sentence_piece, files.name);
    if (!read) return read.error();
    spec = *std::move(read);
  } else {
    const JsonView root = parsed.view(files.tokenizer_json, files.name);
    if (!parsed.error()) read_model(root, spec);
    if (parsed.error()) return *parsed.error();
    if (spec.tokens.empty()) return base::Error{files.name + ": /model/vocab: no tokens, expected at least one"};
    read_pipeline(root, spec);
  }
  const Settings settings{beside(files.tokenizer_config, "tokenizer_config.json"),
                          beside(files.special_tokens, "special_tokens_map.json"),
                          beside(files.added_tokens, "added_tokens.json"), beside(files.config, "config.json"),
                          beside(files.generation_config, "generation_config.json")};
  if (parsed.error()) return *parsed.error();
  read_settings(settings, from_sentence_piece, spec);
  if (parsed.error()) return *parsed.error();
  if (files.chat_template) spec.chat_template = *files.chat_template;
  settle_added(spec);
  return spec;
}

base::Result<TokenizerSpec> spec_from_tokenizer_json(std::string_view tokenizer_json,
                                                     std::string_view tokenizer_config_json,
                                                     std::string_view config_json, const std::string& name) {
  HuggingFaceFiles files;
  files.name = name;
  files.tokenizer_json = tokenizer_json;
  files.tokenizer_config = tokenizer_config_json;
  files.config = config_json;
  return spec_from_hugging_face(files);
}

}  // namespace kiln::tokenizer
