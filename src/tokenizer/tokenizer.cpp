#include "tokenizer/tokenizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/utf8.hpp"
#include "tokenizer/byte_symbols.hpp"
#include "tokenizer/pre_tokenizer.hpp"
#include "tokenizer/special_tokens.hpp"
#include "tokenizer/vocabulary.hpp"

namespace kiln::tokenizer {
namespace {

constexpr std::size_t kMaxTextBytes = std::size_t{1} << 30;
constexpr std::size_t kMaxCachedBytes = 64;  ///< longer pieces hardly ever come again

using Ids = std::vector<base::TokenId>;

/// Calls on_token(id) for what `tokens` finds in `text`, and on_part(part, begin) for what is between.
template <class Tokens, class OnToken, class OnPart>
base::Status split_off(const Tokens& tokens, std::string_view text, const OnToken& on_token, const OnPart& on_part) {
  std::size_t taken = 0;
  for (std::size_t next = 0;;) {
    const auto token = tokens.find(text, next, taken);
    const std::size_t end = token ? token->begin : text.size();
    if (end > taken) {
      if (auto status = on_part(text.substr(taken, end - taken), taken); !status) return status;
    }
    if (!token) return {};
    on_token(token->id);
    taken = token->begin + token->size;
    next = token->next;
  }
}

}  // namespace

struct Tokenizer::Impl {
  TokenizerSpec spec;
  Vocabulary vocabulary;
  std::optional<PieceSplitter> splitter;

  /// The state of one call of encode().
  struct Call {
    Ids ids;
    std::unordered_map<std::string, Ids> cache;
    std::vector<Symbol> symbols;
  };

  void encode_piece(std::string_view piece, Call& call) const;
  void merge_piece(std::string_view piece, Call& call) const;
  void split_bytes(std::string_view piece, std::vector<Symbol>& symbols) const;
  void split_characters(std::string_view piece, std::vector<Symbol>& symbols) const;
  void append_fallback(std::string_view text, Ids& ids) const;
  [[nodiscard]] bool has_bytes(std::string_view text) const;
  /// What is between tokens that are found in the text as it is; `first` is at the text's beginning.
  base::Status encode_part(std::string_view part, bool first, Call& call) const;
  base::Status encode_byte_level(std::string_view part, Call& call) const;
  base::Status encode_sentence_piece(std::string_view part, bool first, Call& call) const;
  [[nodiscard]] std::string with_symbols(std::string_view part, bool first) const;
  void encode_words(std::string_view text, Call& call) const;
};

void Tokenizer::Impl::split_bytes(std::string_view piece, std::vector<Symbol>& symbols) const {
  for (std::uint32_t i = 0; i < piece.size(); ++i) {
    const auto id = vocabulary.byte(static_cast<std::uint8_t>(piece[i]));
    if (id != kNoToken) symbols.push_back({i, 1, id});
  }
}

bool Tokenizer::Impl::has_bytes(std::string_view text) const {
  return std::all_of(text.begin(), text.end(),
                     [&](char byte) { return vocabulary.byte(static_cast<std::uint8_t>(byte)) != kNoToken; });
}

/// With ranked merges a character that is no token is its bytes from the start; with scores it stays whole until the
/// end. With ranked ones the unknown token of a run stands where `tokenizers` puts it: before the next character that is
/// a token, or at the end, so that characters which are bytes come before it and do not end the run.
void Tokenizer::Impl::split_characters(std::string_view piece, std::vector<Symbol>& symbols) const {
  const bool ranked = spec.scores.empty();
  std::optional<Symbol> unknown;
  const auto put_unknown = [&] {
    if (unknown) symbols.push_back(*unknown);
    unknown.reset();
  };
  for (std::uint32_t i = 0; i < piece.size();) {
    const auto length = static_cast<std::uint32_t>(base::character_bytes(piece[i]));
    const auto id = vocabulary.find(piece.substr(i, length));
    if (ranked && id == kNoToken && has_bytes(piece.substr(i, length))) {
      split_bytes(piece.substr(i, length), symbols);
      for (std::size_t back = 1; back <= length; ++back) symbols[symbols.size() - back].begin += i;
    } else if (ranked && id == kNoToken) {
      if (!unknown) unknown = Symbol{i, length, *spec.unknown};
    } else {
      put_unknown();
      symbols.push_back({i, length, id});
    }
    i += length;
  }
  put_unknown();
}

/// A character without a token: its bytes, else the unknown token, once for a run.
void Tokenizer::Impl::append_fallback(std::string_view text, Ids& ids) const {
  if (has_bytes(text)) {
    for (const char byte : text) ids.push_back(vocabulary.byte(static_cast<std::uint8_t>(byte)));
  } else if (ids.empty() || ids.back() != *spec.unknown) {
    ids.push_back(*spec.unknown);
  }
}

void Tokenizer::Impl::merge_piece(std::string_view piece, Call& call) const {
  call.symbols.clear();
  if (spec.kind == Kind::ByteLevel) {
    split_bytes(piece, call.symbols);
  } else {
    split_characters(piece, call.symbols);
  }
  vocabulary.merger().merge(piece, call.symbols);
  for (const Symbol& symbol : call.symbols) {
    if (symbol.id != kNoToken) {
      call.ids.push_back(symbol.id);
    } else {
      append_fallback(piece.substr(symbol.begin, symbol.size), call.ids);
    }
  }
}

void Tokenizer::Impl::encode_piece(std::string_view piece, Call& call) const {
  if (spec.ignore_merges && spec.kind == Kind::ByteLevel) {
    if (const auto id = vocabulary.find(piece); id != kNoToken) {
      call.ids.push_back(id);
      return;
    }
  }
  if (piece.size() > kMaxCachedBytes) return merge_piece(piece, call);
  const auto [entry, is_new] = call.cache.try_emplace(std::string(piece));
  if (is_new) {
    Ids before;
    before.swap(call.ids);
    merge_piece(piece, call);
    entry->second.swap(call.ids);
    call.ids.swap(before);
  }
  call.ids.insert(call.ids.end(), entry->second.begin(), entry->second.end());
}

/// The part as the vocabulary writes it: spaces as U+2581, one before it where the spec says so.
std::string Tokenizer::Impl::with_symbols(std::string_view part, bool first) const {
  std::string text = spec.remove_extra_spaces ? without_extra_spaces(part) : std::string(part);
  if (text.empty()) return text;
  text = spaces_to_symbols(text);
  const bool each = spec.space_prefix == SpacePrefix::EachPart || spec.space_prefix == SpacePrefix::EachPartUnlessSpace;
  const bool always = spec.space_prefix == SpacePrefix::EachPart || spec.space_prefix == SpacePrefix::FirstPart;
  if (spec.add_space_prefix && (first || each) && (always || !text.starts_with(kSpaceSymbol)))
    text.insert(0, kSpaceSymbol);
  if (spec.remove_extra_spaces)  // of what the text itself has as U+2581, only the end
    while (text.ends_with(kSpaceSymbol)) text.resize(text.size() - kSpaceSymbol.size());
  return text;
}

void Tokenizer::Impl::encode_words(std::string_view text, Call& call) const {
  if (text.empty()) return;
  if (spec.ignore_merges) {
    if (const auto id = vocabulary.find(text); id != kNoToken) {
      call.ids.push_back(id);
      return;
    }
  }
  // A run of unknown characters may cross words, so with an unknown token in use the text stays whole.
  const bool bytes = !spec.unknown || vocabulary.has_all_bytes();
  if (!vocabulary.words_are_apart() || !bytes) return merge_piece(text, call);
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    while (text.substr(end).starts_with(kSpaceSymbol)) end += kSpaceSymbol.size();
    end = std::min(text.find(kSpaceSymbol, end), text.size());
    encode_piece(text.substr(begin, end - begin), call);
    begin = end;
  }
}

base::Status Tokenizer::Impl::encode_sentence_piece(std::string_view part, bool first, Call& call) const {
  const auto* normalized = vocabulary.normalized();
  if (normalized == nullptr) {
    encode_words(with_symbols(part, first), call);
    return {};
  }
  const auto on_token = [&](base::TokenId id) { call.ids.push_back(id); };
  const bool metaspace =
      spec.space_prefix == SpacePrefix::EachPartUnlessSpace || spec.space_prefix == SpacePrefix::FirstPartUnlessSpace;
  if (metaspace) {  // a pre-tokeniser, which sees what is left: nothing is normalised
    return split_off(*normalized, part, on_token, [&](std::string_view rest, std::size_t at) -> base::Status {
      encode_words(with_symbols(rest, first && at == 0), call);
      return {};
    });
  }
  const std::string text = with_symbols(part, first);
  return split_off(*normalized, text, on_token, [&](std::string_view rest, std::size_t) -> base::Status {
    encode_words(rest, call);
    return {};
  });
}

base::Status Tokenizer::Impl::encode_byte_level(std::string_view part, Call& call) const {
  if (!splitter) {
    encode_piece(part, call);
    return {};
  }
  auto walk = splitter->walk(part);
  while (true) {
    const auto piece = walk.next();
    if (!piece) return piece.error();
    if (piece->empty()) return {};
    encode_piece(*piece, call);
  }
}

base::Status Tokenizer::Impl::encode_part(std::string_view part, bool first, Call& call) const {
  if (spec.kind == Kind::SentencePiece) return encode_sentence_piece(part, first, call);
  const auto* normalized = vocabulary.normalized();
  if (normalized == nullptr) return encode_byte_level(part, call);
  return split_off(
      *normalized, part, [&](base::TokenId id) { call.ids.push_back(id); },
      [&](std::string_view rest, std::size_t) { return encode_byte_level(rest, call); });
}

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

base::Result<Tokenizer> Tokenizer::create(TokenizerSpec spec) {
  auto impl = std::make_unique<Impl>();
  impl->spec = std::move(spec);
  auto vocabulary = Vocabulary::create(impl->spec);
  if (!vocabulary) return vocabulary.error();
  impl->vocabulary = std::move(vocabulary).value();
  if (impl->spec.pre != PreTokenizer::None) {
    auto splitter = PieceSplitter::create(impl->spec.pre);
    if (!splitter) return splitter.error();
    impl->splitter = std::move(splitter).value();
  }
  return Tokenizer(std::move(impl));
}

const TokenizerSpec& Tokenizer::spec() const { return impl_->spec; }

std::size_t Tokenizer::vocab_size() const { return impl_->spec.tokens.size(); }

base::Result<std::vector<base::TokenId>> Tokenizer::encode(std::string_view text, bool add_bos) const {
  if (text.size() > kMaxTextBytes) {
    return base::Error{fmt::format("the text has {} bytes, expected at most {}", text.size(), kMaxTextBytes)};
  }
  if (const auto bad = base::first_invalid_utf8(text)) {
    return base::Error{fmt::format("the text is not UTF-8 at byte {}", *bad)};
  }
  Impl::Call call;
  if (add_bos && impl_->spec.add_bos) call.ids.push_back(*impl_->spec.bos);
  const auto on_token = [&](base::TokenId id) { call.ids.push_back(id); };
  const auto on_part = [&](std::string_view part, std::size_t begin) {
    return impl_->encode_part(part, begin == 0, call);
  };
  const LongestFirst* longest = impl_->vocabulary.longest_first();
  const auto status = longest != nullptr ? split_off(longest->find_all(text), text, on_token, on_part)
                                         : split_off(impl_->vocabulary.special(), text, on_token, on_part);
  if (!status) return status.error();
  return std::move(call.ids);
}

std::string Tokenizer::decode(base::TokenId id) const {
  return id < vocab_size() ? impl_->vocabulary.decoded(id) : std::string();
}

std::string Tokenizer::decode(std::span<const base::TokenId> ids) const {
  bool strip = impl_->spec.kind == Kind::SentencePiece && impl_->spec.add_space_prefix;
  std::string out;
  Utf8Assembler assembler;
  for (const auto id : ids) {
    const std::string bytes = decode(id);
    std::string_view text = bytes;
    if (strip && !text.empty()) {
      if (text.front() == ' ') text.remove_prefix(1);
      strip = false;
    }
    out += assembler.push(text);
  }
  return out += assembler.finish();
}

bool Tokenizer::is_end_of_text(base::TokenId id) const {
  return std::find(impl_->spec.eos.begin(), impl_->spec.eos.end(), id) != impl_->spec.eos.end();
}

}  // namespace kiln::tokenizer
