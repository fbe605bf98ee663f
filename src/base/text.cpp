#include "base/text.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "base/utf8.hpp"

namespace kiln::base {
namespace {

std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string lower(std::string_view text) {
  std::string small(text);
  for (char& c : small)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return small;
}

/// Whether a terminal, or whoever splits a text into lines, may do something else than show the character: controls of
/// both kinds, separators of lines and paragraphs, and what turns the direction of writing.
bool acts(std::uint32_t code_point) {
  const auto among = [&](std::uint32_t first, std::uint32_t last) { return code_point >= first && code_point <= last; };
  return among(0, 0x1F) || among(0x7F, 0x9F) || among(0x2028, 0x202E) || among(0x2066, 0x2069);
}

void append_escaped(std::string& plain, std::uint8_t byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  plain += "\\x";
  plain += kDigits[byte >> 4];
  plain += kDigits[byte & 15];
}

}  // namespace

std::string without_controls(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const std::size_t size = character_at_start(text);
    const auto character = text.substr(0, std::max<std::size_t>(size, 1));
    text.remove_prefix(character.size());
    if (size > 0 && !acts(first_code_point(character))) {
      plain += character;
    } else {
      for (const char byte : character) append_escaped(plain, static_cast<std::uint8_t>(byte));
    }
  }
  return plain;
}

std::string shell_word(std::string_view text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./:=,+@%").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::ranges::all_of(text, plain)) return std::string(text);
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string excerpt(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  std::size_t end = most;
  while (end > 0 && continues_character(text[end])) --end;
  return std::string(text.substr(0, end)) + "...";
}

std::string one_line(std::string_view text) {
  constexpr std::size_t kBeginning = 700, kEnd = 300;
  if (text.size() <= kBeginning + kEnd) return without_controls(text);
  std::size_t end = text.size() - kEnd;
  while (end < text.size() && continues_character(text[end])) ++end;
  return without_controls(excerpt(text, kBeginning)) + without_controls(text.substr(end));
}

std::vector<std::string> near_names(std::string_view word, std::span<const std::string> candidates) {
  constexpr std::size_t kShortest = 2, kMost = 4;
  const std::string wanted = lower(word);
  for (const bool begins : {true, false}) {
    if (wanted.size() < kShortest) break;
    std::vector<std::string> matches;
    for (const auto& candidate : candidates) {
      const auto at = lower(candidate).find(wanted);
      if (begins ? at == 0 : at != std::string::npos) matches.push_back(candidate);
    }
    if (matches.empty()) continue;
    if (matches.size() <= kMost) return matches;
    return {*std::ranges::min_element(matches, {}, [&](const std::string& m) { return edits(wanted, m); })};
  }
  const auto near = nearest(word, candidates);
  return near ? std::vector{*near} : std::vector<std::string>();
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  std::optional<std::string> best;
  std::size_t best_edits = word.size() / 2 + 1;
  for (const auto& candidate : candidates) {
    // As many edits as the lengths differ by are needed at least: nobody mistyped a megabyte.
    const std::size_t longer = std::max(word.size(), candidate.size());
    if (longer - std::min(word.size(), candidate.size()) >= best_edits) continue;
    const std::size_t distance = edits(word, candidate);
    if (distance < best_edits) {
      best = candidate;
      best_edits = distance;
    }
  }
  return best;
}

}  // namespace kiln::base
