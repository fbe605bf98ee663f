#include "cli/word_wrap.hpp"

#include <algorithm>
#include <cstdint>
#include <cwchar>
#include <utility>

#include "base/utf8.hpp"

namespace kiln::cli {
namespace {

/// Bytes of the character at the front, and its code point; a byte that begins none counts as one.
std::pair<std::size_t, std::uint32_t> character(std::string_view text) {
  const std::size_t size = base::character_at_start(text);
  if (size == 0) return {1, static_cast<unsigned char>(text.front())};
  return {size, base::first_code_point(text)};
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const auto [size, code] = character(text);
    const int width = code < 0x80 ? 1 : ::wcwidth(static_cast<wchar_t>(code));
    columns += width < 0 ? 1 : static_cast<std::size_t>(width);
    text.remove_prefix(size);
  }
  return columns;
}

void WordWrap::place_word(std::string& out) {
  if (word_.empty()) return;
  // Without spaces it goes on with a word that is longer than the line.
  if (column_ > 0 && !spaces_.empty() && column_ + spaces_.size() + word_columns_ > *columns_) {
    out += '\n';
    column_ = 0;
  } else {
    out += spaces_;
    column_ += spaces_.size();
  }
  out += word_;
  column_ += word_columns_;
  spaces_.clear();
  word_.clear();
  word_columns_ = 0;
}

std::string WordWrap::take(std::string_view piece) {
  if (!columns_) return std::string(piece);
  std::string out;
  while (!piece.empty()) {
    const std::size_t size = std::min(character(piece).first, piece.size());
    const auto next = piece.substr(0, size);
    piece.remove_prefix(size);
    if (next == " ") {
      place_word(out);
      spaces_ += ' ';
    } else if (next == "\n") {
      place_word(out);
      spaces_.clear();
      out += '\n';
      column_ = 0;
    } else {
      word_ += next;
      word_columns_ += next == "\t" ? 8 : columns_of(next);
      if (word_columns_ >= *columns_) place_word(out);  // no space in sight: the terminal breaks it
    }
  }
  return out;
}

std::string WordWrap::rest() {
  std::string out;
  if (columns_) place_word(out);
  spaces_.clear();
  column_ = 0;
  return out;
}

}  // namespace kiln::cli
