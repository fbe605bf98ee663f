// Splits text into the pieces that byte-level merges do not cross, by a Unicode regular expression (PCRE2).
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "kiln/base/result.hpp"
#include "tokenizer/tokenizer.hpp"

namespace kiln::tokenizer {

/// The expressions as tokenizer.json files carry them.
extern const std::string_view kLlama3Expression;

class PieceSplitter {
 public:
  /// `pre` is not None.
  static base::Result<PieceSplitter> create(PreTokenizer pre);

  /// Goes through one text, which is well-formed UTF-8 and outlives the walk.
  class Pieces {
   public:
    /// The next piece, or an empty one at the end of the text.
    base::Result<std::string_view> next();

   private:
    friend class PieceSplitter;
    struct Match;
    struct Free {
      void operator()(Match* match) const;
    };
    Pieces(const void* code, std::string_view text);
    const void* code_;
    std::string_view text_;
    std::size_t at_ = 0;
    std::unique_ptr<Match, Free> match_;
  };
  [[nodiscard]] Pieces walk(std::string_view text) const { return {code_.get(), text}; }

 private:
  explicit PieceSplitter(std::shared_ptr<const void> code) : code_(std::move(code)) {}
  std::shared_ptr<const void> code_;
};

}  // namespace kiln::tokenizer
