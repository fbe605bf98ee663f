#include "tokenizer/tokenizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/utf8.hpp"
#include "tokenizer/byte_symbols.hpp"
#include "tokenizer/pre_tokenizer.hpp"
#include "tokenizer/vocabulary.hpp"

namespace kiln::tokenizer {
namespace {

constexpr std::size_t kMaxTextBytes = std::size_t{1} << 30;
constexpr std::size_t kMaxCachedBytes = 64;  ///< longer pieces hardly ever come again

using Ids = std::vector<base::TokenId>;

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
  base::Status encode_part(std::string_view part, bool first, Call& call) const;
  void encode_sentence_piece_part(std::string_view part, bool first, Call& call) const;
};

void Tokenizer::Impl::split_bytes(std::string_view piece, std::vector<Symbol>& symbols) const {
  for (std::uint32_t i = 0; i < piece.size(); ++i) {
    const auto id = vocabulary.byte(static_cast<std::uint8_t>(piece[i]));
    if (id != kNoToken) symbols.push_back({i, 1, id});
  }
}

/// With ranked merges a character that is no token is its bytes from the start; with scores it stays whole until the
/// end.
void Tokenizer::Impl::split_characters(std::string_view piece, std::vector<Symbol>& symbols) const {
  const bool ranked = spec.scores.empty();
  for (std::uint32_t i = 0; i < piece.size();) {
    const auto length = static_cast<std::uint32_t>(base::character_bytes(piece[i]));
    const auto id = vocabulary.find(piece.substr(i, length));
    if (ranked && id == kNoToken && vocabulary.byte(static_cast<std::uint8_t>(piece[i])) != kNoToken) {
      split_bytes(piece.substr(i, length), symbols);
      for (std::size_t back = 1; back <= length; ++back) symbols[symbols.size() - back].begin += i;
    } else {
      symbols.push_back({i, length, id});
    }
    i += length;
  }
}

/// A character without a token: its bytes, else the unknown token, once for a run.
void Tokenizer::Impl::append_fallback(std::string_view text, Ids& ids) const {
  const bool all = std::all_of(text.begin(), text.end(),
                               [&](char byte) { return vocabulary.byte(static_cast<std::uint8_t>(byte)) != kNoToken; });
  if (all) {
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

void Tokenizer::Impl::encode_sentence_piece_part(std::string_view part, bool first, Call& call) const {
  std::string text = spaces_to_symbols(part);
  const bool unless_space = spec.space_prefix != SpacePrefix::EachPart;
  const bool wanted = spec.add_space_prefix && (first || spec.space_prefix != SpacePrefix::FirstPartUnlessSpace);
  if (wanted && !(unless_space && text.starts_with(kSpaceSymbol))) text.insert(0, kSpaceSymbol);
  if (!vocabulary.words_are_apart() || spec.unknown) {
    // A run of unknown characters may cross words, so with an unknown token in use the text stays whole.
    const bool bytes = vocabulary.byte(0x80) != kNoToken;
    if (!vocabulary.words_are_apart() || !bytes) return merge_piece(text, call);
  }
  const std::string_view whole = text;
  for (std::size_t begin = 0; begin < whole.size();) {
    std::size_t end = begin;
    while (whole.substr(end).starts_with(kSpaceSymbol)) end += kSpaceSymbol.size();
    end = std::min(whole.find(kSpaceSymbol, end), whole.size());
    encode_piece(whole.substr(begin, end - begin), call);
    begin = end;
  }
}

base::Status Tokenizer::Impl::encode_part(std::string_view part, bool first, Call& call) const {
  if (spec.kind == Kind::SentencePiece) {
    encode_sentence_piece_part(part, first, call);
    return {};
  }
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
  for (std::size_t begin = 0; begin < text.size();) {
    const auto special = impl_->vocabulary.special().find(text, begin);
    const std::size_t end = special ? special->begin : text.size();
    if (end > begin) {
      auto status = impl_->encode_part(text.substr(begin, end - begin), begin == 0, call);
      if (!status) return status.error();
    }
    begin = end;
    if (special) {
      call.ids.push_back(special->id);
      begin += special->size;
    }
  }
  return std::move(call.ids);
}

base::Result<std::string> Tokenizer::decode(base::TokenId id) const {
  if (id >= vocab_size()) {
    return base::Error{fmt::format("token {} is outside of the vocabulary, expected an id below {}", id, vocab_size())};
  }
  return impl_->vocabulary.decoded(id);
}

base::Result<std::string> Tokenizer::decode(std::span<const base::TokenId> ids) const {
  bool strip = impl_->spec.kind == Kind::SentencePiece && impl_->spec.add_space_prefix;
  std::string out;
  Utf8Assembler assembler;
  for (const auto id : ids) {
    const auto bytes = decode(id);
    if (!bytes) return bytes.error();
    std::string_view text = *bytes;
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
