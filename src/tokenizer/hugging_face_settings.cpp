// What the files beside a tokenizer.json or tokenizer.model add and name.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "base/text.hpp"
#include "tokenizer/hugging_face_parts.hpp"

namespace kiln::tokenizer {
namespace {

/// End of text and of turn in chat models, beside those that the configs declare.
constexpr std::array<std::string_view, 5> kEndTokens = {"<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|im_end|>",
                                                        "<|endoftext|>"};
/// In the order in which those that no token has become tokens.
constexpr std::array<const char*, 7> kNamed = {"bos_token", "eos_token", "unk_token", "sep_token",
                                               "pad_token", "cls_token", "mask_token"};

/// A token as these files write it: its text, or an object with `content`.
const JsonView text_of(const JsonView& view) { return view.value().is_object() ? view.at("content") : view; }

std::string shown(const std::string& text) { return base::excerpt(base::without_controls(text)); }

class Reader {
 public:
  Reader(const Settings& files, bool from_sentence_piece, TokenizerSpec& spec)
      : files_(files),
        config_(files.tokenizer_config),
        from_sentence_piece_(from_sentence_piece),
        has_decoder_(!files.tokenizer_config.at("added_tokens_decoder").is_null()),
        spec_(spec),
        most_tokens_(most_tokens()) {
    for (base::TokenId id = 0; id < spec.tokens.size(); ++id) ids_.try_emplace(spec.tokens[id], id);
    for (const AddedToken& token : spec.added)
      if (token.normalized) normalized_.insert(token.id);
  }

  void read() {
    refuse_settings(files_, from_sentence_piece_, spec_);
    if (from_sentence_piece_) read_spaces();
    collect_listed();
    add_listed();
    for (const char* key : kNamed) name(key);
    add_others();
    read_ends();
    read_template(config_, spec_);
  }

 private:
  /// Where a tokenizer.model's text gets a space; only the class that has a key for it reads that.
  void read_spaces() {
    const bool llama = is_llama_class(config_);
    spec_.space_prefix = config_.flag("legacy", !llama) ? SpacePrefix::EachPart : SpacePrefix::FirstPart;
    if (llama && !config_.at("tokenizer_class").is_null())
      spec_.add_space_prefix = config_.flag("add_prefix_space", spec_.add_space_prefix);
  }

  /// What a model of this vocabulary has rows for.
  [[nodiscard]] std::size_t most_tokens() const {
    const JsonView size = files_.config.at("vocab_size");
    return size.is_null() ? kMaxTokens : std::min<std::size_t>(size.number(UINT32_MAX), kMaxTokens);
  }

  /// The token that is new under this id, which must be the next one.
  void append(const JsonView& where, const std::string& text, const AddedSettings& settings) {
    if (text.empty()) return where.fail("an empty text, expected at least one character");
    if (spec_.tokens.size() >= most_tokens_) {
      return where.fail(fmt::format("\"{}\" would be token {}, and the model's vocabulary has {}", shown(text),
                                    spec_.tokens.size(), most_tokens_));
    }
    const auto id = static_cast<base::TokenId>(spec_.tokens.size());
    spec_.tokens.push_back(text);
    spec_.types.push_back(settings.type);
    if (!spec_.scores.empty()) spec_.scores.push_back(0.0F);
    ids_.try_emplace(text, id);
    set_added(id, settings, spec_);
  }

  /// `normalized` is of a normaliser that the class of Llama's tokenizers leaves out, and so does a tokenizer.model.
  void add(const JsonView& where, std::uint64_t id, const std::string& text, AddedSettings settings) {
    const auto known = ids_.find(text);
    const bool is_known = known != ids_.end();
    if (spec_.kind == Kind::SentencePiece && (from_sentence_piece_ || is_llama_class(config_)))
      settings.added.normalized = is_known && normalized_.contains(known->second);
    if (is_known) {
      const auto type = spec_.types[known->second];
      if (type == TokenType::Normal) settings.added.mergeable = is_looked_up(text, spec_);
      const bool own = from_sentence_piece_ && type == TokenType::UserDefined;   // the model says how it is found
      const bool special = type == TokenType::Control && !from_sentence_piece_;  // in `tokenizers` it stays that
      if (type == TokenType::Unknown || special) settings.type = type;
      if (type != TokenType::Byte && !own) set_added(known->second, settings, spec_);
      return;
    }
    if (id != spec_.tokens.size()) {
      return where.fail(fmt::format("\"{}\" has the id {}, and the tokenizer's next free one is {}", shown(text), id,
                                    spec_.tokens.size()));
    }
    append(where, text, settings);
  }

  /// added_tokens_decoder, or the added_tokens.json of older writers, by id.
  void add_listed() {
    std::map<std::uint64_t, std::pair<JsonView, std::string>> by_id;
    const JsonView list = has_decoder_ ? config_.at("added_tokens_decoder") : files_.added_tokens;
    if (!list.value().is_object())
      return list.fail(fmt::format("found {}, expected an object", list.value().type_name()));
    for (const auto& [key, value] : list.value().object()) {
      const JsonView view = list.at(key);
      std::uint64_t id = 0;
      if (has_decoder_) {
        const auto [end, failed] = std::from_chars(key.data(), key.data() + key.size(), id);
        if (failed != std::errc() || end != key.data() + key.size() || id > kMaxTokens)
          return view.fail(fmt::format("expected an id from 0 to {}", kMaxTokens));
      } else {
        id = view.number(kMaxTokens);
      }
      by_id.try_emplace(id, view, has_decoder_ ? view.at("content").text() : key);
    }
    for (const auto& [id, token] : by_id) {
      const auto& [view, text] = token;
      if (has_decoder_) {
        add(view, id, text, read_added_settings(view));
      } else if (!ids_.contains(text)) {
        AddedSettings settings;
        settings.added.normalized = !is_named(text);
        settings.type = settings.added.normalized ? TokenType::UserDefined : TokenType::Control;
        add(view, id, text, settings);
      }
    }
  }

  [[nodiscard]] bool is_named(const std::string& text) const {
    for (const char* key : kNamed) {
      const JsonView view = named(key);
      if (!view.is_null() && text_of(view).text() == text) return true;
    }
    return listed_.contains(text);
  }

  /// What names a token: special_tokens_map.json before tokenizer_config.json, where the latter is of an older writer.
  [[nodiscard]] JsonView named(const char* key) const {
    const JsonView old = files_.special_tokens.at(key);
    return !has_decoder_ && files_.special_tokens.value().find(key) != nullptr ? old : config_.at(key);
  }

  /// A named token is a special one, and becomes one if no token has its text.
  std::optional<base::TokenId> special(const JsonView& view, bool needed) {
    const JsonView where = text_of(view);
    const std::string& text = where.text();
    const auto known = ids_.find(text);
    if (known == ids_.end()) {
      if (text.empty() || (!needed && spec_.tokens.size() >= most_tokens_)) return std::nullopt;  // no row to name
      if (most_tokens_ == kMaxTokens) {
        if (needed) where.fail("no such token");
        return std::nullopt;
      }
      append(where, text, view.value().is_object() ? as_special(view) : AddedSettings());
      return ids_.contains(text) ? std::optional(ids_[text]) : std::nullopt;
    }
    auto& type = spec_.types[known->second];
    if (type == TokenType::Normal) {
      AddedSettings settings;
      settings.added.mergeable = is_looked_up(text, spec_);
      set_added(known->second, settings, spec_);
    }
    if (type == TokenType::UserDefined) type = TokenType::Control;
    return known->second;
  }

  static AddedSettings as_special(const JsonView& view) {
    AddedSettings settings = read_added_settings(view);
    settings.added.normalized = view.flag("normalized", false);
    settings.type = TokenType::Control;
    return settings;
  }

  void name(const char* key) {
    const JsonView view = named(key);
    const bool bos = std::string_view(key) == "bos_token";
    const bool eos = std::string_view(key) == "eos_token";
    std::optional<base::TokenId> id;
    if (!view.is_null()) {
      id = special(view, bos || eos);
      if (!bos && !eos) show(key, text_of(view).text());
    } else if (std::string_view(key) == "unk_token" && is_default(key)) {
      show(key, "<unk>");
    } else if ((bos || eos) && from_sentence_piece_ && config_.value().find(key) == nullptr) {
      id = bos ? spec_.bos : spec_.eos.empty() ? std::nullopt : std::optional(spec_.eos.front());
    } else if ((bos || eos) && is_default(key)) {
      const auto known = ids_.find(bos ? "<s>" : "</s>");
      if (known != ids_.end() && spec_.types[known->second] == TokenType::Control) id = known->second;
    }
    if (bos) template_.bos = id;
    if (eos) template_.eos = id;
  }

  /// Whether the key is not there and the tokenizer is of the class that then has its own.
  [[nodiscard]] bool is_default(const char* key) const {
    return spec_.kind == Kind::SentencePiece && !config_.at("tokenizer_class").is_null() && is_llama_class(config_) &&
           config_.value().find(key) == nullptr;
  }

  /// A name that a chat template sees; what comes first counts.
  void show(const std::string& key, const std::string& text) { spec_.template_names.try_emplace(key, text); }

  void collect_listed() {
    for (const JsonView& list : further_tokens(files_))
      if (list.value().is_array())
        for (std::size_t i = 0; i < list.size(); ++i) listed_.insert(text_of(list.at(i)).text());
  }

  /// Names that only some models have (image_token), then the list.
  void add_others() {
    for (const auto& [key, value] : config_.value().object()) {
      const bool known =
          std::find_if(kNamed.begin(), kNamed.end(), [&](const char* one) { return key == one; }) != kNamed.end();
      const bool is_token = value.is_text() || (value.is_object() && value.find("content") != nullptr);
      if (!key.ends_with("_token") || !is_token || known) continue;
      special(config_.at(key), false);
      show(key, text_of(config_.at(key)).text());
    }
    for (const JsonView& list : further_tokens(files_)) {
      if (list.value().is_object()) {
        for (const auto& [key, value] : list.value().object()) {
          special(list.at(key), false);
          show(key, text_of(list.at(key)).text());
        }
        continue;
      }
      const std::size_t count = list.size();
      for (std::size_t i = 0; i < count; ++i) special(list.at(i), false);
    }
  }

  void add_end(std::optional<base::TokenId> id) {
    if (id && std::find(spec_.eos.begin(), spec_.eos.end(), *id) == spec_.eos.end()) spec_.eos.push_back(*id);
  }

  [[nodiscard]] std::optional<base::TokenId> declared(const JsonView& id) const {
    const std::size_t count = spec_.tokens.size();
    return declared_id(id, files_.config.at("vocab_size").is_null() ? count : std::max(most_tokens_, count), count);
  }

  /// BOS and ends: what the tokenizer's files name, then generation_config.json, or config.json where that says nothing.
  void read_ends() {
    if (!spec_.add_bos && template_.bos) spec_.bos = template_.bos;
    if (from_sentence_piece_ && spec_.bos) spec_.add_bos = config_.flag("add_bos_token", is_llama_class(config_));
    add_end(template_.eos);
    const auto either = [&](const char* key) {
      const JsonView own = files_.generation_config.at(key);
      return own.is_null() ? files_.config.at(key) : own;
    };
    const JsonView bos = either("bos_token_id");
    if (!spec_.bos && !bos.is_null()) spec_.bos = declared(bos);
    const JsonView eos = either("eos_token_id");
    if (eos.value().is_array()) {
      const std::size_t count = eos.size();
      if (count > 64) return eos.fail(fmt::format("{} ids, expected at most 64", count));
      for (std::size_t i = 0; i < count; ++i) add_end(declared(eos.at(i)));
    } else if (!eos.is_null()) {
      add_end(declared(eos));
    }
    for (const auto text : kEndTokens) {
      const auto id = ids_.find(std::string(text));
      if (id != ids_.end() && spec_.types[id->second] == TokenType::Control) add_end(id->second);
    }
    const bool eos_is_first =
        template_.eos ? !spec_.eos.empty() && spec_.eos.front() == *template_.eos : spec_.eos.empty();
    if (template_.bos != spec_.bos || !eos_is_first) spec_.template_tokens = template_;
  }

  const Settings& files_;
  const JsonView& config_;
  std::unordered_set<std::string> listed_;  ///< texts of further special tokens
  bool from_sentence_piece_;
  bool has_decoder_;
  TokenizerSpec& spec_;
  std::size_t most_tokens_;
  std::unordered_map<std::string, base::TokenId> ids_;
  std::unordered_set<base::TokenId> normalized_;
  TemplateTokens template_;
};

}  // namespace

void read_settings(const Settings& settings, bool from_sentence_piece, TokenizerSpec& spec) {
  Reader(settings, from_sentence_piece, spec).read();
}

}  // namespace kiln::tokenizer
