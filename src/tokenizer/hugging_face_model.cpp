// The `model` and `added_tokens` of a tokenizer.json: tokens, their ids and types, merges.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/utf8.hpp"
#include "tokenizer/byte_symbols.hpp"
#include "tokenizer/hugging_face_parts.hpp"

namespace kiln::tokenizer {
namespace {

void place_token(const JsonView& where, std::uint32_t id, const std::string& text, TokenType type, TokenizerSpec& spec,
                 std::vector<bool>& taken) {
  if (id >= spec.tokens.size()) {
    where.fail(fmt::format("the id is {} among {} tokens, expected ids without holes", id, spec.tokens.size()));
  } else if (taken[id] && spec.tokens[id] != text) {
    where.fail(fmt::format("the id {} is taken already, expected one that is free", id));
  } else {
    taken[id] = true;
    spec.tokens[id] = text;
    spec.types[id] = type;
  }
}

/// How many texts of added tokens the vocabulary lacks. `tokenizers` does not look at ids in the list: a text that it
/// knows keeps its id, and the others get the next ones in the order of the list. Each must be what the file says.
std::size_t check_added_ids(const JsonView& vocab, const JsonView& added, std::size_t added_count) {
  std::unordered_map<std::string_view, std::uint64_t> met;
  std::size_t lacking = 0;
  std::uint64_t next = vocab.value().size();
  for (std::size_t i = 0; i < added_count; ++i) {
    const JsonView content = added.at(i).at("content");
    const JsonView id = added.at(i).at("id");
    const std::string& text = content.text();
    if (text.empty()) content.fail("an empty text, expected at least one character");
    const json::Value* own = vocab.value().find(text);
    if (own != nullptr && *own != id.value()) id.fail("another id than the same text has in the vocabulary");
    const auto [place, is_new] = met.try_emplace(text, next);
    if (own != nullptr) {
      if (own->is_whole()) place->second = own->whole();
    } else {
      if (is_new) ++lacking;
      if (const std::uint64_t said = id.number(kMaxTokens); said != place->second)
        id.fail(fmt::format("the id is {}, and `tokenizers` gives it {}: {}", said, place->second,
                            is_new ? "texts that the vocabulary lacks get the next ids in the order of the list"
                                   : "the same text stands further up in the list"));
    }
    next = std::max(next, place->second + 1);
  }
  return lacking;
}

/// Of a token that is listed twice the last settings count, except that one which was special stays that.
void read_added_token(const JsonView& vocab, const JsonView& added, TokenizerSpec& spec, std::vector<bool>& taken) {
  const std::string& text = added.at("content").text();
  const auto id = added.at("id").number(kMaxTokens);
  AddedSettings settings = read_added_settings(added);
  settings.added.mergeable = vocab.value().find(text) != nullptr && is_looked_up(text, spec);
  if (id < spec.tokens.size() && spec.types[id] == TokenType::Control) settings.type = TokenType::Control;
  place_token(added.at("id"), id, text, settings.type, spec, taken);
  if (id < spec.tokens.size()) set_added(id, settings, spec);
}

void read_tokens(const JsonView& root, TokenizerSpec& spec) {
  const JsonView vocab = root.at("model").at("vocab");
  const JsonView added = root.at("added_tokens");
  if (!vocab.value().is_object()) {
    return vocab.fail(fmt::format("found {}, expected an object of tokens and ids", vocab.value().type_name()));
  }
  const std::size_t added_count = added.is_null() ? 0 : added.size();
  const std::size_t vocab_count = vocab.value().size();
  if (vocab_count > kMaxTokens || added_count > kMaxTokens) {
    return vocab.fail(fmt::format("{} and {} added tokens, expected at most {}", vocab_count, added_count, kMaxTokens));
  }
  const std::size_t count = vocab_count + check_added_ids(vocab, added, added_count);
  spec.tokens.resize(count);
  spec.types.resize(count, TokenType::Normal);
  std::vector<bool> taken(count);
  for (const auto& [text, id] : vocab.value().object()) {
    if (!id.is_whole() || id.whole() >= count || taken[id.whole()]) {
      return vocab.fail(fmt::format("token \"{}\" has the id {}, expected each id from 0 to {} once",
                                    text.substr(0, 80), id.is_number() ? json::write(id) : id.type_name(), count - 1));
    }
    const bool byte = spec.kind == Kind::SentencePiece && byte_of_fallback(text);
    place_token(vocab, static_cast<std::uint32_t>(id.whole()), text, byte ? TokenType::Byte : TokenType::Normal, spec,
                taken);
  }
  // As many texts as ids, and none takes another's: no id is left without a token.
  for (std::size_t i = 0; i < added_count; ++i) read_added_token(vocab, added.at(i), spec, taken);
}

void read_merges(const JsonView& merges, TokenizerSpec& spec) {
  const std::size_t count = merges.size();
  if (count > kMaxMerges) return merges.fail(fmt::format("{} merges, expected at most {}", count, kMaxMerges));
  spec.merges.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const json::Value& merge = merges.value().array()[i];
    std::string text;
    if (merge.is_text()) {
      text = merge.text();
    } else if (merge.is_array() && merge.size() == 2 && merge.array()[0].is_text() && merge.array()[1].is_text()) {
      for (const json::Value& part : merge.array()) {
        if (part.text().find(' ') != std::string::npos)
          return merges.at(i).fail("a side with a space in it, and Kiln has merges of tokens without spaces only");
      }
      text = merge.array()[0].text() + " " + merge.array()[1].text();
    }
    if (std::count(text.begin(), text.end(), ' ') != 1 || text.front() == ' ' || text.back() == ' ') {
      return merges.at(i).fail("expected \"left right\" or [\"left\", \"right\"], both with a character at least");
    }
    spec.merges.push_back(std::move(text));
  }
  // Of two that are equal, `tokenizers` knows the last.
  std::unordered_set<std::string_view> later;
  std::vector<std::size_t> twice;
  for (std::size_t i = count; i-- > 0;)
    if (!later.insert(spec.merges[i]).second) twice.push_back(i);
  if (twice.empty()) return;
  for (const std::size_t i : twice) spec.merges[i].clear();
  std::erase(spec.merges, "");
}

/// Whether each byte has a token.
bool has_all_bytes(const TokenizerSpec& spec) {
  std::array<bool, 256> there{};
  for (const auto& token : spec.tokens) {
    if (spec.kind == Kind::SentencePiece) {
      if (const auto byte = byte_of_fallback(token)) there[*byte] = true;
    } else if (const auto bytes = bytes_of_symbols(token); bytes && bytes->size() == 1) {
      there[static_cast<std::uint8_t>(bytes->front())] = true;
    }
  }
  return std::all_of(there.begin(), there.end(), [](bool one) { return one; });
}

/// The unknown token is put for what has no bytes; one that is not an added token is not looked for in texts.
void read_unknown(const JsonView& model, TokenizerSpec& spec) {
  const JsonView unknown = model.at("unk_token");
  if (unknown.is_null()) return;
  const bool used = !has_all_bytes(spec);
  if (spec.kind == Kind::ByteLevel) {
    if (used) unknown.fail("a token for bytes that have none, and Kiln leaves these out, as for null");
    return;
  }
  spec.unknown = id_of(unknown.text(), spec);
  if (!spec.unknown) return unknown.fail("no such token");
  if (used && !model.flag("fuse_unk", false))
    model.at("fuse_unk").fail("false, and Kiln puts one unknown token for a run of characters; true is expected");
  if (spec.types[*spec.unknown] != TokenType::Normal) spec.types[*spec.unknown] = TokenType::Unknown;
}

}  // namespace

void read_model(const JsonView& root, TokenizerSpec& spec) {
  const JsonView model = root.at("model");
  const bool old = model.at("type").is_null() && !model.at("merges").is_null();  // only BPE has merges
  if (!old && model.type() != "BPE") {
    return model.at("type").fail(fmt::format("\"{}\", and Kiln has only \"BPE\"", model.type()));
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!model.at(key).is_null() && !model.at(key).text().empty()) model.at(key).fail("found a text, expected none");
  }
  const JsonView dropout = model.at("dropout");
  if (!dropout.is_null() && dropout.value() != 0) dropout.fail("found dropout, expected none");
  spec.kind = model.flag("byte_fallback", false) ? Kind::SentencePiece : Kind::ByteLevel;
  spec.ignore_merges = model.flag("ignore_merges", false);
  read_tokens(root, spec);
  read_merges(model.at("merges"), spec);
  read_unknown(model, spec);
}

AddedSettings read_added_settings(const JsonView& view) {
  const bool special = view.flag("special", false);
  AddedSettings out;
  out.type = special ? TokenType::Control : TokenType::UserDefined;
  out.added.normalized = view.flag("normalized", !special);
  out.added.lstrip = view.flag("lstrip", false);
  out.added.rstrip = view.flag("rstrip", false);
  out.added.single_word = view.flag("single_word", false);
  return out;
}

bool is_looked_up(const std::string& text, const TokenizerSpec& spec) {
  return !spec.scores.empty() || spec.ignore_merges || (!text.empty() && base::character_bytes(text[0]) == text.size());
}

void set_added(base::TokenId id, const AddedSettings& settings, TokenizerSpec& spec) {
  spec.types[id] = settings.type;
  spec.added.push_back(settings.added);
  spec.added.back().id = id;
}

}  // namespace kiln::tokenizer
