// The two ways in which vocabularies write bytes: GPT-2's printable symbol for each byte (byte-level BPE), and "<0x0A>"
// (SentencePiece's byte fallback). Also U+2581, which means a space in SentencePiece's tokens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kiln::tokenizer {

inline constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";  // U+2581

/// The bytes that a byte-level token means, or nothing when it holds a character that is no byte symbol.
std::optional<std::string> bytes_of_symbols(std::string_view token);

/// The byte of "<0xXX>" (two upper-case hex digits), or nothing.
std::optional<std::uint8_t> byte_of_fallback(std::string_view token);

std::string spaces_to_symbols(std::string_view text);
std::string symbols_to_spaces(std::string_view token);
/// Without the spaces at its ends, and one for each run of them.
std::string without_extra_spaces(std::string_view text);

}  // namespace kiln::tokenizer
