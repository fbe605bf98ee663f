#include "support/property.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>

#include "base/hash.hpp"
#include "base/text.hpp"

namespace kiln::fuzz {
namespace {

constexpr std::size_t kLongestLine = 2000;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

/// A text out of a file may be in a sentence, with four bytes for each of its own, and the command line cuts and escapes it; many
/// of them together are too much.
constexpr std::size_t kLongestSentence = 1'200'000;

void require_sentence(std::string_view sentence) {
  require(!sentence.empty(), "an error says something");
  require(sentence.size() <= kLongestSentence, "an error can be read", sentence);
  require(!sentence.starts_with("internal error"), "an input is no bug", sentence);
  const std::string printed = base::one_line(sentence);
  require(printed.size() <= kLongestLine, "a line can be read", printed);
  require(std::ranges::none_of(printed, is_control), "a line has no control characters", printed);
}

}  // namespace

bool all_are_chosen = false;

void require(bool holds, std::string_view what, std::string_view detail) {
  if (holds) return;
  detail = detail.substr(0, 4000);
  std::fprintf(stderr, "does not hold: %.*s\n%.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(detail.size()), detail.data());
  std::abort();
}

void require_sentences(const base::Error& error) {
  std::string_view rest = error.message;
  for (std::size_t end = 0; error.lines && (end = rest.find('\n')) != rest.npos;) {
    require_sentence(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  require_sentence(rest);
}

bool chosen(const std::uint8_t* data, std::size_t size, std::uint64_t share) {
  return all_are_chosen || base::checksum64(std::as_bytes(std::span(data, size))) % share == 0;
}

}  // namespace kiln::fuzz
