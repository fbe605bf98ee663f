// Text to token ids and back, for the two kinds of tokenizer that Llama checkpoints have:
//   SentencePiece BPE with byte fallback (Llama 2, stories260K): merges by score, spaces as U+2581;
//   byte-level BPE (Llama 3, SmolLM2): merges by rank, behind a pre-tokeniser that splits by a Unicode regular expression.
// A TokenizerSpec is plain data that a checkpoint or a ROM image carries; a Tokenizer is built from one and is immutable.
#pragma once

#include <cstdint>
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
enum class TokenType : std::uint8_t { Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6 };

struct TokenizerSpec {
  Kind kind = Kind::SentencePiece;
  PreTokenizer pre = PreTokenizer::None;
  std::vector<std::string> tokens;     ///< as stored: U+2581 for spaces, "<0x0A>" bytes, or GPT-2's byte symbols
  std::vector<float> scores;           ///< SentencePiece: one per token
  std::vector<TokenType> types;        ///< one per token
  std::vector<std::string> merges;     ///< ByteLevel: "left right", by rank
  bool ignore_merges = false;          ///< a whole pre-token in the vocabulary is taken as it is (Llama 3)
  bool add_bos = false;
  bool add_space_prefix = true;        ///< SentencePiece: a space is put before the text
  std::optional<base::TokenId> bos;
  std::vector<base::TokenId> eos;      ///< any of them ends a text (end of text, end of turn)
  std::optional<base::TokenId> unknown;
  std::string chat_template;           ///< as stored, or empty

  bool operator==(const TokenizerSpec&) const = default;
};

/// From Hugging Face's tokenizer.json (and the text of tokenizer_config.json and config.json, or empty): BPE with byte fallback or
/// byte-level. Refuses by name what Kiln has not: unigram, WordPiece, an unknown pre-tokeniser. `name` stands for the file in errors.
base::Result<TokenizerSpec> spec_from_tokenizer_json(std::string_view tokenizer_json, std::string_view tokenizer_config_json,
                                                     std::string_view config_json, const std::string& name);

class Tokenizer {
 public:
  /// Checks the spec: sizes that agree, ids in range, a byte token or symbol for every byte where the kind needs it.
  static base::Result<Tokenizer> create(TokenizerSpec spec);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  [[nodiscard]] const TokenizerSpec& spec() const;
  [[nodiscard]] std::size_t vocab_size() const;

  /// Ids of `text`, with the BOS in front if the tokenizer adds one and `add_bos` is not false. Special tokens written out in
  /// the text are split off first. Fails, with the byte offset, on invalid UTF-8.
  [[nodiscard]] base::Result<std::vector<base::TokenId>> encode(std::string_view text, bool add_bos = true) const;

  /// Bytes of one token (a part of a character, perhaps); control tokens give none. Fails above the vocabulary.
  [[nodiscard]] base::Result<std::string> decode(base::TokenId id) const;
  /// Text of all ids; bytes that do not form UTF-8 become U+FFFD. SentencePiece: the space that encode() put in front is removed.
  [[nodiscard]] base::Result<std::string> decode(std::span<const base::TokenId> ids) const;

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
  /// What is left, as U+FFFD, or nothing.
  std::string finish();

 private:
  std::string pending_;
};

}  // namespace kiln::tokenizer
