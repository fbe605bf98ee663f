// UTF-8, in one place: what is well formed (Unicode 15, table 3-7: no overlong form, no surrogate, nothing above
// U+10FFFF), steps over text that is, and characters into bytes. "Character" means code point throughout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kiln::base {

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

// Of any bytes.

constexpr bool is_ascii(char byte) { return static_cast<unsigned char>(byte) < 0x80; }
/// Whether the byte belongs to a character that began before it.
constexpr bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }
/// Bytes of the well-formed character at the start of `text`, or 0.
std::size_t character_at_start(std::string_view text);
/// Whether `bytes` are no character yet and become one with the right bytes after them.
bool begins_character(std::string_view bytes);
/// Byte offset of the first byte that is not part of a well-formed character, or nothing.
std::optional<std::size_t> first_invalid_utf8(std::string_view text);
/// Characters of the text; a byte that belongs to none counts as one unless it looks like a continuation.
std::size_t count_characters(std::string_view text);

// Of text that is known to be well formed.

/// Bytes of the character that starts with `lead`.
constexpr std::size_t character_bytes(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}
/// The code point of the first character; the text is not empty.
std::uint32_t first_code_point(std::string_view text);
/// Where the last character starts; the text is not empty.
std::size_t last_character(std::string_view text);
/// `code_point` is at most U+10FFFF and no surrogate.
void append_code_point(std::string& text, std::uint32_t code_point);

}  // namespace kiln::base
