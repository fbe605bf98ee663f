// Text to token ids and back, for the two kinds of tokenizer that Llama checkpoints have:
//   SentencePiece BPE with byte fallback (Llama 2, stories260K): merges by score, spaces as U+2581;
//   byte-level BPE (Llama 3, SmolLM2): merges by rank, after a pre-tokeniser that splits by a Unicode regular
//   expression.
// A TokenizerSpec is plain data that a checkpoint or a ROM image carries; a Tokenizer is built from one and is
// immutable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/base/result.hpp"
#include "kiln/base/units.hpp"

namespace kiln::tokenizer {

enum class Kind { SentencePiece, ByteLevel };
enum class PreTokenizer { None, Llama3, SmolLm };  ///< Llama3: GGUF "llama-bpe"; SmolLm: GGUF "smollm"
/// SentencePiece: where encode() puts a space. EachPart: before the text and before what follows a special token (GGUF,
/// Hugging Face's Prepend); FirstPart: before the text alone (tokenizer.model); the others (Metaspace "always" and
/// "first") not where there is a space already.
enum class SpacePrefix : std::uint8_t {
  EachPart = 0,
  EachPartUnlessSpace = 1,
  FirstPartUnlessSpace = 2,
  FirstPart = 3
};
enum class TokenType : std::uint8_t { Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6 };
/// Of tokens that are split off where a text has them written out.
constexpr bool is_found_in_text(TokenType type) {
  return type == TokenType::Control || type == TokenType::UserDefined || type == TokenType::Unknown;
}

/// No spec has more: a file's claims are checked before memory is allocated.
inline constexpr std::size_t kMaxTokens = std::size_t{1} << 22;
inline constexpr std::size_t kMaxMerges = std::size_t{1} << 24;

/// How a token that is written out in a text is found, where it is not simply as it is written.
struct AddedToken {
  base::TokenId id = 0;
  bool normalized = false;   ///< looked for after the others, in the text that the merges get
  bool lstrip = false;       ///< takes white space before it along
  bool rstrip = false;       ///< and after it
  bool single_word = false;  ///< only where no letter, digit or underscore is beside it
  bool mergeable = false;    ///< where it is not found so, it is a token as any other: a character, or what merges make
                             ///< (a byte's token, too, which merges make of its text)
  std::string text;          ///< of a normalized one, what is looked for; else empty: the token as it is stored

  bool operator==(const AddedToken&) const = default;
};

/// What a chat template sees as bos_token and eos_token, where these are not the spec's `bos` and first `eos`.
struct TemplateTokens {
  std::optional<base::TokenId> bos;
  std::optional<base::TokenId> eos;

  bool operator==(const TemplateTokens&) const = default;
};

/// A new field goes into rom/tokenizer_codec.cpp as well, which does not compile without it.
struct TokenizerSpec {
  Kind kind = Kind::SentencePiece;
  PreTokenizer pre = PreTokenizer::None;
  std::vector<std::string> tokens;  ///< as stored: U+2581 for spaces, "<0x0A>" bytes, or GPT-2's byte symbols
  std::vector<float> scores;        ///< SentencePiece: one per token (GGUF), or empty: then `merges` say the order
  std::vector<TokenType> types;     ///< one per token
  std::vector<std::string>
      merges;                  ///< "left right", by rank: ByteLevel, and SentencePiece without scores (tokenizer.json)
  bool ignore_merges = false;  ///< a whole pre-token in the vocabulary is taken unchanged (Llama 3)
  bool add_bos = false;
  bool add_space_prefix = true;                      ///< SentencePiece: a space is put before the text
  SpacePrefix space_prefix = SpacePrefix::EachPart;  ///< SentencePiece, if add_space_prefix: where exactly
  std::optional<base::TokenId> bos;
  std::vector<base::TokenId> eos;  ///< any of them ends a text (end of text, end of turn)
  std::optional<base::TokenId> unknown;
  std::string chat_template;      ///< as stored, or empty
  std::vector<AddedToken> added;  ///< by id: special and user-defined tokens with settings of their own
  std::optional<TemplateTokens> template_tokens;
  /// Further names that a chat template sees (pad_token, unk_token, image_token ...), and their texts.
  std::map<std::string, std::string> template_names;
  bool bos_before_template =
      false;  ///< what a template writes gets the BOS that add_bos says, unless it has one (GGUF)
  bool remove_extra_spaces = false;  ///< SentencePiece: none at either end of a part, one for a run
  bool longest_first = false;        ///< tokens that are written out are found longest first, not leftmost first (GGUF)

  bool operator==(const TokenizerSpec&) const = default;
};

/// From Hugging Face's tokenizer.json and the text of tokenizer_config.json and config.json, or empty. `name` names the
/// file in errors. Of all files of a directory: tokenizer/hugging_face.hpp.
base::Result<TokenizerSpec> spec_from_tokenizer_json(std::string_view tokenizer_json,
                                                     std::string_view tokenizer_config_json,
                                                     std::string_view config_json, const std::string& name);

class Tokenizer {
 public:
  /// Checks the spec: sizes that agree, ids in range, merges that lead to tokens, and tokens for all text:
  /// SentencePiece, all 256 bytes or an unknown token (which then replaces a run of characters); ByteLevel, printable
  /// ASCII (SmolLM2 has no symbol for some rare bytes: encode() leaves these out, as its makers' libraries do).
  static base::Result<Tokenizer> create(TokenizerSpec spec);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  [[nodiscard]] const TokenizerSpec& spec() const;
  [[nodiscard]] std::size_t vocab_size() const;

  /// Ids of `text`, with the BOS in front if the tokenizer adds one and `add_bos` is not false. Tokens of the types
  /// Control, UserDefined and Unknown that are written out in the text are split off first, the longest at each place
  /// (or, if longest_first, of the whole text).
  /// Fails, with the byte offset, on invalid UTF-8. Time grows as n log n at worst.
  [[nodiscard]] base::Result<std::vector<base::TokenId>> encode(std::string_view text, bool add_bos = true) const;

  /// Bytes of one token (a part of a character, perhaps); control and unknown tokens give none, and neither does an id
  /// above the vocabulary, which a model that was padded may make.
  [[nodiscard]] std::string decode(base::TokenId id) const;
  /// Text of all ids; bytes that do not form UTF-8 become U+FFFD. SentencePiece: the space that encode() put
  /// at the very front is removed (one after a special token stays).
  [[nodiscard]] std::string decode(std::span<const base::TokenId> ids) const;

  [[nodiscard]] bool is_end_of_text(base::TokenId id) const;

 private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Bytes in, whole characters out: for streaming tokens to a terminal.
class Utf8Assembler {
 public:
  /// The characters that are complete after `bytes`; bytes that can no longer become one come out as U+FFFD.
  std::string push(std::string_view bytes);
  /// The rest, as U+FFFD, or nothing.
  std::string finish();

 private:
  std::string pending_;
};

}  // namespace kiln::tokenizer
