// Plain tables for a terminal of 100 columns.
#pragma once

#include <string>
#include <vector>

namespace kiln::report {

inline constexpr std::size_t kTerminalColumns = 100;

class Table {
 public:
  /// The first column is aligned left, the others right, unless a heading starts with '<' (left; the sign is dropped).
  explicit Table(std::vector<std::string> headings);
  void row(std::vector<std::string> cells);
  /// Lines ending in '\n'; columns that would pass kTerminalColumns are a bug, found by the tests of who prints them.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::string> headings_;
  std::vector<bool> left_;
  std::vector<std::vector<std::string>> rows_;
};

/// Lines of at most `columns` characters, broken at spaces, the later ones set in by two; ends in '\n'.
std::string wrapped(const std::string& sentence, std::size_t columns = kTerminalColumns);
/// Likewise, but spaces at the front stay and later lines begin at column `indent`.
std::string hanging(const std::string& line, std::size_t indent, std::size_t columns);
/// "a, b and c"
std::string listed(const std::vector<std::string>& words);

/// 16960.4 -> "16,960"; 12.345 -> "12.3"; 0.01234 -> "0.0123": three significant digits or whole numbers.
std::string number(double value);
/// 1234567 -> "1,234,567"
std::string grouped(std::uint64_t value);
/// 0.5512 -> "55.1 %"
std::string percent(double share);
/// 3650000000 -> "3.65 GB"
std::string bytes(std::uint64_t count);

}  // namespace kiln::report
