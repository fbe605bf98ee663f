#include "base/utf8.hpp"

#include <algorithm>

namespace kiln::base {
namespace {

struct Step {
  enum class Kind { Whole, Cut, Bad } kind;
  std::size_t bytes = 0;  ///< of a whole character
};

/// What the lead byte requires: bytes in all (0: it is no lead byte), and the second's range; later ones are 80 to BF.
struct Shape {
  std::size_t bytes;
  std::uint8_t second_low;
  std::uint8_t second_high;
};

Shape shape_of(std::uint8_t lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xC2) return {0, 0, 0};  // a continuation, or overlong
  if (lead < 0xE0) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};  // below: overlong
  if (lead == 0xED) return {3, 0x80, 0x9F};  // above: surrogates
  if (lead < 0xF0) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};  // below: overlong
  if (lead < 0xF4) return {4, 0x80, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};  // above: beyond U+10FFFF
  return {0, 0, 0};
}

Step step(std::string_view text) {
  if (text.empty()) return {Step::Kind::Bad};
  const Shape shape = shape_of(static_cast<std::uint8_t>(text[0]));
  if (shape.bytes == 0) return {Step::Kind::Bad};
  for (std::size_t i = 1; i < shape.bytes; ++i) {
    if (i == text.size()) return {Step::Kind::Cut};
    const auto byte = static_cast<std::uint8_t>(text[i]);
    const bool fits = i == 1 ? byte >= shape.second_low && byte <= shape.second_high : continues_character(text[i]);
    if (!fits) return {Step::Kind::Bad};
  }
  return {Step::Kind::Whole, shape.bytes};
}

}  // namespace

std::size_t character_at_start(std::string_view text) { return step(text).bytes; }

bool begins_character(std::string_view bytes) { return step(bytes).kind == Step::Kind::Cut; }

std::optional<std::size_t> first_invalid_utf8(std::string_view text) {
  std::size_t offset = 0;
  while (offset < text.size()) {
    const std::size_t bytes = character_at_start(text.substr(offset));
    if (bytes == 0) return offset;
    offset += bytes;
  }
  return std::nullopt;
}

std::size_t count_characters(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::ranges::count_if(text, continues_character));
}

std::uint32_t first_code_point(std::string_view text) {
  const std::size_t bytes = character_bytes(text.front());
  const auto lead = static_cast<std::uint8_t>(text.front());
  std::uint32_t code_point = bytes == 1 ? lead : lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) code_point = code_point << 6 | (static_cast<std::uint8_t>(text[i]) & 0x3FU);
  return code_point;
}

std::size_t last_character(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && continues_character(text[at])) --at;
  return at;
}

void append_code_point(std::string& text, std::uint32_t code_point) {
  const auto tail = [&](int shift) { text += static_cast<char>(0x80 | ((code_point >> shift) & 0x3F)); };
  if (code_point < 0x80) {
    text += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    text += static_cast<char>(0xC0 | (code_point >> 6));
    tail(0);
  } else if (code_point < 0x10000) {
    text += static_cast<char>(0xE0 | (code_point >> 12));
    tail(6), tail(0);
  } else {
    text += static_cast<char>(0xF0 | (code_point >> 18));
    tail(12), tail(6), tail(0);
  }
}

}  // namespace kiln::base
