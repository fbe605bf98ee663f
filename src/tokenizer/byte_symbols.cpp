#include "tokenizer/byte_symbols.hpp"

#include <array>
#include <limits>

#include "base/utf8.hpp"

namespace kiln::tokenizer {
namespace {

constexpr std::uint16_t kNoByte = std::numeric_limits<std::uint16_t>::max();

/// Symbols are the code points below 324: printable Latin-1 means itself, the other 68 bytes follow from U+0100 in
/// ascending order (GPT-2's bytes_to_unicode).
constexpr std::array<std::uint16_t, 324> byte_of_symbol() {
  std::array<std::uint16_t, 324> table{};
  table.fill(kNoByte);
  std::size_t next = 256;
  for (std::uint16_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
    table[printable ? byte : next++] = byte;
  }
  return table;
}

constexpr std::array<std::uint16_t, 324> kByteOfSymbol = byte_of_symbol();

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  out.reserve(text.size());
  std::size_t begin = 0;
  for (std::size_t at = text.find(from); at != std::string_view::npos; at = text.find(from, begin)) {
    out.append(text.substr(begin, at - begin)).append(to);
    begin = at + from.size();
  }
  return out.append(text.substr(begin));
}

}  // namespace

std::optional<std::string> bytes_of_symbols(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size();) {
    const std::size_t length = base::character_at_start(token.substr(i));
    if (length == 0) return std::nullopt;
    const std::size_t code = base::first_code_point(token.substr(i));
    if (code >= kByteOfSymbol.size() || kByteOfSymbol[code] == kNoByte) return std::nullopt;
    out.push_back(static_cast<char>(kByteOfSymbol[code]));
    i += length;
  }
  return out;
}

std::optional<std::uint8_t> byte_of_fallback(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
  unsigned value = 0;
  for (const char digit : token.substr(3, 2)) {
    if (digit >= '0' && digit <= '9') {
      value = value * 16 + static_cast<unsigned>(digit - '0');
    } else if (digit >= 'A' && digit <= 'F') {
      value = value * 16 + static_cast<unsigned>(digit - 'A' + 10);
    } else {
      return std::nullopt;
    }
  }
  return static_cast<std::uint8_t>(value);
}

std::string spaces_to_symbols(std::string_view text) { return replace_all(text, " ", kSpaceSymbol); }

std::string symbols_to_spaces(std::string_view token) { return replace_all(token, kSpaceSymbol, " "); }

std::string without_extra_spaces(std::string_view text) {
  std::string out;
  for (const char byte : text)
    if (byte != ' ' || (!out.empty() && out.back() != ' ')) out.push_back(byte);
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace kiln::tokenizer
