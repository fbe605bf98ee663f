#include "rom/tokenizer_codec.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

namespace kiln::rom {
namespace {

using tokenizer::Kind;
using tokenizer::PreTokenizer;
using tokenizer::TokenizerSpec;
using tokenizer::TokenType;

enum Flag : std::uint32_t {
  kIgnoreMerges = 1,
  kAddBos = 2,
  kAddSpacePrefix = 4,
  kHasBos = 8,
  kHasUnknown = 16,
  kHasSettings = 32,
  kAllFlags = 63
};
/// Of the settings that follow the rest where one of them is not the usual one.
enum Setting : std::uint32_t {
  kRemoveExtraSpaces = 1,
  kBosBeforeTemplate = 2,
  kHasTemplateTokens = 4,
  kHasTemplateBos = 8,
  kHasTemplateEos = 16,
  kHasTemplateNames = 32,
  kLongestFirst = 64,
  kAllSettings = 127
};
enum Added : std::uint32_t {
  kNormalized = 1,
  kLstrip = 2,
  kRstrip = 4,
  kSingleWord = 8,
  kMergeable = 16,
  kAllAdded = 31
};

class Writer {
 public:
  void word(std::uint32_t value) {
    const auto old = bytes_.size();
    bytes_.resize(old + sizeof value);
    std::memcpy(bytes_.data() + old, &value, sizeof value);
  }
  void text(const std::string& value) {
    base::check(value.size() < UINT32_MAX, "a text of the tokenizer is too long");
    word(static_cast<std::uint32_t>(value.size()));
    const auto* from = reinterpret_cast<const std::byte*>(value.data());
    bytes_.insert(bytes_.end(), from, from + value.size());
  }
  void texts(const std::vector<std::string>& values) {
    word(static_cast<std::uint32_t>(values.size()));
    for (const auto& value : values) text(value);
  }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

/// Every count is checked against the remaining bytes before memory is allocated for it.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::uint32_t word(const char* what) {
    std::uint32_t value = 0;
    if (!has(sizeof value, what)) return 0;
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  /// A number of elements that take at least `least` bytes each.
  std::uint32_t count(std::size_t least, const char* what) {
    const auto value = word(what);
    if (fault_.empty() && value > (bytes_.size() - at_) / least)
      fail(fmt::format("{} {} do not fit into what is left", value, what));
    return fault_.empty() ? value : 0;
  }
  std::string text(const char* what) {
    const auto size = count(1, what);
    std::string value(reinterpret_cast<const char*>(bytes_.data() + at_), size);
    at_ += size;
    return value;
  }
  std::vector<std::string> texts(const char* what) {
    const auto size = count(sizeof(std::uint32_t), what);
    std::vector<std::string> values;
    values.reserve(size);
    for (std::uint32_t i = 0; i < size && fault_.empty(); ++i) values.push_back(text(what));
    return values;
  }
  void fail(std::string what) {
    if (fault_.empty()) fault_ = fmt::format("{} at byte {} of the section", what, at_);
  }
  [[nodiscard]] const std::string& fault() const { return fault_; }
  [[nodiscard]] bool at_end() const { return at_ == bytes_.size(); }

 private:
  bool has(std::size_t size, const char* what) {
    if (!fault_.empty()) return false;
    if (bytes_.size() - at_ >= size) return true;
    fail(fmt::format("{} is cut off", what));
    return false;
  }
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  std::string fault_;
};

bool has_settings(const TokenizerSpec& spec) {
  const TokenizerSpec usual;
  return spec.space_prefix != usual.space_prefix || spec.remove_extra_spaces || spec.bos_before_template ||
         spec.template_tokens || !spec.template_names.empty() || !spec.added.empty() || spec.longest_first;
}

std::uint32_t flags_of(const TokenizerSpec& spec) {
  return (has_settings(spec) ? kHasSettings : 0U) | (spec.ignore_merges ? kIgnoreMerges : 0U) |
         (spec.add_bos ? kAddBos : 0U) | (spec.add_space_prefix ? kAddSpacePrefix : 0U) | (spec.bos ? kHasBos : 0U) |
         (spec.unknown ? kHasUnknown : 0U);
}

/// A word that must be below `limit`.
std::uint32_t below(Reader& in, std::uint32_t limit, const char* what) {
  const auto value = in.word(what);
  if (value >= limit) in.fail(fmt::format("{} is {}, expected less than {},", what, value, limit));
  return value;
}

/// Ids that are said to be absent are 0.
std::optional<std::uint32_t> id_if(Reader& in, bool present, const char* what) {
  const auto id = in.word(what);
  if (!present && id != 0) in.fail("an id that is said to be absent is not 0");
  return present ? std::optional(id) : std::nullopt;
}

/// Whether settings follow.
bool read_head(Reader& in, TokenizerSpec& spec) {
  spec.kind = static_cast<Kind>(below(in, 2, "the kind"));
  spec.pre = static_cast<PreTokenizer>(below(in, 3, "the pre-tokeniser"));
  const auto flags = below(in, kAllFlags + 1, "the flags word");
  spec.ignore_merges = (flags & kIgnoreMerges) != 0;
  spec.add_bos = (flags & kAddBos) != 0;
  spec.add_space_prefix = (flags & kAddSpacePrefix) != 0;
  spec.bos = id_if(in, (flags & kHasBos) != 0, "the BOS id");
  spec.unknown = id_if(in, (flags & kHasUnknown) != 0, "the unknown id");
  return (flags & kHasSettings) != 0;
}

void write_settings(const TokenizerSpec& spec, Writer& out) {
  const tokenizer::TemplateTokens named = spec.template_tokens.value_or(tokenizer::TemplateTokens());
  out.word(static_cast<std::uint32_t>(spec.space_prefix));
  out.word((spec.remove_extra_spaces ? kRemoveExtraSpaces : 0U) | (spec.bos_before_template ? kBosBeforeTemplate : 0U) |
           (spec.template_tokens ? kHasTemplateTokens : 0U) | (named.bos ? kHasTemplateBos : 0U) |
           (named.eos ? kHasTemplateEos : 0U) | (spec.template_names.empty() ? 0U : kHasTemplateNames) |
           (spec.longest_first ? kLongestFirst : 0U));
  out.word(named.bos.value_or(0));
  out.word(named.eos.value_or(0));
  out.word(static_cast<std::uint32_t>(spec.added.size()));
  for (const auto& [id, normalized, lstrip, rstrip, single_word, mergeable, text] : spec.added) {
    out.word(id);
    out.word((normalized ? kNormalized : 0U) | (lstrip ? kLstrip : 0U) | (rstrip ? kRstrip : 0U) |
             (single_word ? kSingleWord : 0U) | (mergeable ? kMergeable : 0U));
    out.text(text);
  }
  if (spec.template_names.empty()) return;
  out.word(static_cast<std::uint32_t>(spec.template_names.size()));
  for (const auto& [name, text] : spec.template_names) {
    out.text(name);
    out.text(text);
  }
}

void read_names(Reader& in, TokenizerSpec& spec) {
  const auto size = in.count(8, "names of a template");
  if (size == 0) in.fail("names of a template are said to be there, and none is");
  for (std::uint32_t i = 0; i < size && in.fault().empty(); ++i) {
    auto name = in.text("a template's name");
    if (!spec.template_names.empty() && name <= spec.template_names.rbegin()->first)
      return in.fail("the names of a template are out of order");
    spec.template_names.emplace_hint(spec.template_names.end(), std::move(name), in.text("a template's token"));
  }
}

void read_settings(Reader& in, TokenizerSpec& spec) {
  spec.space_prefix = static_cast<tokenizer::SpacePrefix>(below(in, 4, "the space prefix"));
  const auto flags = below(in, kAllSettings + 1, "the word of settings");
  spec.remove_extra_spaces = (flags & kRemoveExtraSpaces) != 0;
  spec.bos_before_template = (flags & kBosBeforeTemplate) != 0;
  spec.longest_first = (flags & kLongestFirst) != 0;
  tokenizer::TemplateTokens named;
  named.bos = id_if(in, (flags & kHasTemplateBos) != 0, "the template's BOS id");
  named.eos = id_if(in, (flags & kHasTemplateEos) != 0, "the template's EOS id");
  if ((flags & kHasTemplateTokens) != 0) {
    spec.template_tokens = named;
  } else if (named.bos || named.eos) {
    in.fail("a token of the template has an id and there are said to be none");
  }
  spec.added.resize(in.count(12, "added tokens"));
  for (auto& token : spec.added) {
    token.id = in.word("an added token's id");
    const auto bits = below(in, kAllAdded + 1, "an added token's flags");
    token.normalized = (bits & kNormalized) != 0;
    token.lstrip = (bits & kLstrip) != 0;
    token.rstrip = (bits & kRstrip) != 0;
    token.single_word = (bits & kSingleWord) != 0;
    token.mergeable = (bits & kMergeable) != 0;
    token.text = in.text("an added token's text");
  }
  if ((flags & kHasTemplateNames) != 0) read_names(in, spec);
  if (!has_settings(spec)) in.fail("settings are there and all of them are the usual ones");
}

}  // namespace

std::vector<std::byte> encode_tokenizer(const std::optional<TokenizerSpec>& spec) {
  if (!spec) return {};
  // All fields by name: one that is added to the spec and not here does not compile.
  const auto& [kind, pre, tokens, scores, types, merges, ignore_merges, add_bos, add_space_prefix, space_prefix, bos,
               eos, unknown, chat_template, added, template_tokens, template_names, bos_before_template,
               remove_extra_spaces, longest_first] = *spec;
  Writer out;
  out.word(static_cast<std::uint32_t>(kind));
  out.word(static_cast<std::uint32_t>(pre));
  out.word(flags_of(*spec));
  out.word(bos.value_or(0));
  out.word(unknown.value_or(0));
  out.word(static_cast<std::uint32_t>(eos.size()));
  for (const auto id : eos) out.word(id);
  out.texts(tokens);
  out.word(static_cast<std::uint32_t>(scores.size()));
  for (const float score : scores) out.word(std::bit_cast<std::uint32_t>(score));
  out.word(static_cast<std::uint32_t>(types.size()));
  for (const auto type : types) out.word(static_cast<std::uint32_t>(type));
  out.texts(merges);
  out.text(chat_template);
  if (has_settings(*spec)) write_settings(*spec, out);
  return out.take();
}

base::Result<std::optional<TokenizerSpec>> decode_tokenizer(std::span<const std::byte> bytes) {
  if (bytes.empty()) return std::optional<TokenizerSpec>();
  Reader in(bytes);
  TokenizerSpec spec;
  const bool settings = read_head(in, spec);
  spec.eos.resize(in.count(4, "end-of-text ids"));
  for (auto& id : spec.eos) id = in.word("an end-of-text id");
  spec.tokens = in.texts("tokens");
  spec.scores.resize(in.count(4, "scores"));
  for (auto& score : spec.scores) score = std::bit_cast<float>(in.word("a score"));
  spec.types.resize(in.count(4, "token types"));
  for (auto& type : spec.types) {
    const auto value = below(in, 7, "a token type");
    if (value == 0) in.fail("a token type is 0, expected 1 to 6,");
    type = static_cast<TokenType>(value);
  }
  spec.merges = in.texts("merges");
  spec.chat_template = in.text("the chat template");
  if (settings) read_settings(in, spec);
  if (in.fault().empty() && !in.at_end()) in.fail("there is more than a tokenizer");
  if (!in.fault().empty()) return base::Error{in.fault()};
  return std::optional<TokenizerSpec>(std::move(spec));
}

}  // namespace kiln::rom
