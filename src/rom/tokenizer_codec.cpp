#include "rom/tokenizer_codec.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <cstring>
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
  kAllFlags = 31
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

std::uint32_t flags_of(const TokenizerSpec& spec) {
  return (spec.ignore_merges ? kIgnoreMerges : 0U) | (spec.add_bos ? kAddBos : 0U) |
         (spec.add_space_prefix ? kAddSpacePrefix : 0U) | (spec.bos ? kHasBos : 0U) | (spec.unknown ? kHasUnknown : 0U);
}

/// A word that must be below `limit`.
std::uint32_t below(Reader& in, std::uint32_t limit, const char* what) {
  const auto value = in.word(what);
  if (value >= limit) in.fail(fmt::format("{} is {}, expected less than {},", what, value, limit));
  return value;
}

void read_head(Reader& in, TokenizerSpec& spec) {
  spec.kind = static_cast<Kind>(below(in, 2, "the kind"));
  spec.pre = static_cast<PreTokenizer>(below(in, 3, "the pre-tokeniser"));
  const auto flags = below(in, kAllFlags + 1, "the flags word");
  spec.ignore_merges = (flags & kIgnoreMerges) != 0;
  spec.add_bos = (flags & kAddBos) != 0;
  spec.add_space_prefix = (flags & kAddSpacePrefix) != 0;
  const auto bos = in.word("the BOS id");
  const auto unknown = in.word("the unknown id");
  if ((flags & kHasBos) != 0) spec.bos = bos;
  if ((flags & kHasUnknown) != 0) spec.unknown = unknown;
  if ((!spec.bos && bos != 0) || (!spec.unknown && unknown != 0)) in.fail("an id that is said to be absent is not 0");
}

}  // namespace

std::vector<std::byte> encode_tokenizer(const std::optional<TokenizerSpec>& spec) {
  if (!spec) return {};
  Writer out;
  out.word(static_cast<std::uint32_t>(spec->kind));
  out.word(static_cast<std::uint32_t>(spec->pre));
  out.word(flags_of(*spec));
  out.word(spec->bos.value_or(0));
  out.word(spec->unknown.value_or(0));
  out.word(static_cast<std::uint32_t>(spec->eos.size()));
  for (const auto id : spec->eos) out.word(id);
  out.texts(spec->tokens);
  out.word(static_cast<std::uint32_t>(spec->scores.size()));
  for (const float score : spec->scores) out.word(std::bit_cast<std::uint32_t>(score));
  out.word(static_cast<std::uint32_t>(spec->types.size()));
  for (const auto type : spec->types) out.word(static_cast<std::uint32_t>(type));
  out.texts(spec->merges);
  out.text(spec->chat_template);
  return out.take();
}

base::Result<std::optional<TokenizerSpec>> decode_tokenizer(std::span<const std::byte> bytes) {
  if (bytes.empty()) return std::optional<TokenizerSpec>();
  Reader in(bytes);
  TokenizerSpec spec;
  read_head(in, spec);
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
  if (in.fault().empty() && !in.at_end()) in.fail("there is more than a tokenizer");
  if (!in.fault().empty()) return base::Error{in.fault()};
  return std::optional<TokenizerSpec>(std::move(spec));
}

}  // namespace kiln::rom
