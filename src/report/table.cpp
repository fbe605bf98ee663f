#include "report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/utf8.hpp"
#include "kiln/base/result.hpp"

namespace kiln::report {
namespace {

/// Columns on the terminal.
std::size_t width(const std::string& text) { return base::count_characters(text); }

}  // namespace

Table::Table(std::vector<std::string> headings) : headings_(std::move(headings)) {
  for (std::size_t i = 0; i < headings_.size(); ++i) {
    const bool marked = headings_[i].starts_with('<');
    if (marked) headings_[i].erase(0, 1);
    left_.push_back(marked || i == 0);
  }
}

void Table::row(std::vector<std::string> cells) {
  base::check(cells.size() == headings_.size(), "a table row with another number of cells than headings");
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < headings_.size(); ++i) {
    std::size_t widest = width(headings_[i]);
    for (const auto& cells : rows_) widest = std::max(widest, width(cells[i]));
    widths.push_back(widest);
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string space(widths[i] - width(cells[i]), ' ');
      text += i == 0 ? "" : "  ";
      text += left_[i] ? cells[i] + space : space + cells[i];
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text + "\n";
  };
  std::string text = line(headings_);
  std::vector<std::string> rules;
  rules.reserve(widths.size());
  for (const std::size_t w : widths) rules.emplace_back(w, '-');
  text += line(rules);
  for (const auto& cells : rows_) text += line(cells);
  return text;
}

std::string wrapped(const std::string& sentence, std::size_t columns) {
  std::string text, line;
  for (std::size_t at = 0; at < sentence.size();) {
    const auto end = std::min(sentence.find(' ', at), sentence.size());
    const auto word = sentence.substr(at, end - at);
    if (!line.empty() && width(line) + 1 + width(word) > columns) {
      text += line + "\n";
      line = " ";
    }
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  return text + line + "\n";
}

std::string hanging(const std::string& line, std::size_t indent, std::size_t columns) {
  if (width(line) <= columns) return line + "\n";
  std::string text, rest = line;
  while (width(rest) > columns) {
    auto space = rest.rfind(' ', columns);
    if (space == rest.npos || space <= indent) space = rest.find(' ', columns);
    if (space == rest.npos) break;
    text += rest.substr(0, space) + "\n";
    rest = std::string(indent, ' ') + rest.substr(space + 1);
  }
  return text + rest + "\n";
}

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  return text;
}

std::string grouped(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(static_cast<std::size_t>(i), ",");
  return digits;
}

std::string number(double value) {
  if (value < 0) return "-" + number(-value);
  if (value >= 99.95) return grouped(static_cast<std::uint64_t>(std::llround(value)));
  if (value >= 9.995) return fmt::format("{:.1f}", value);
  if (value >= 0.9995) return fmt::format("{:.2f}", value);
  return fmt::format("{:.3g}", value);
}

std::string percent(double share) { return fmt::format("{:.1f} %", share * 100.0); }

std::string bytes(std::uint64_t count) {
  if (count < 1000) return fmt::format("{} B", count);
  double value = static_cast<double>(count);
  const char* unit = "";
  for (const char* next : {"kB", "MB", "GB", "TB"}) {
    if (value < 999.5) break;
    value /= 1000.0;
    unit = next;
  }
  return fmt::format("{} {}", number(value), unit);
}

}  // namespace kiln::report
