// Text that arrives in pieces, broken at spaces so that no word crosses the edge of the terminal. A word is held back
// until it is known to end. Private to the cli module.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kiln::cli {

class WordWrap {
 public:
  /// Without columns text passes unchanged.
  explicit WordWrap(std::optional<std::size_t> columns) : columns_(columns) {}

  /// What can be shown of all that has arrived. Pieces are whole characters (UTF-8).
  std::string take(std::string_view piece);
  /// What was held back. The next text begins a line.
  std::string rest();

 private:
  void place_word(std::string& out);

  std::optional<std::size_t> columns_;
  std::string spaces_, word_;
  std::size_t word_columns_ = 0;
  std::size_t column_ = 0;
};

/// Columns that a text takes on a terminal: wide characters two, those that join others none.
std::size_t columns_of(std::string_view text);

}  // namespace kiln::cli
