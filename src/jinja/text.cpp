#include "jinja/text.hpp"

#include <algorithm>
#include <cstring>

#include "base/text.hpp"
#include "base/utf8.hpp"

namespace kiln::jinja {
namespace {

// Python's str.isspace beyond ASCII.
constexpr std::string_view kWideSpaces[] = {"\u0085", "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
                                            "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200A",
                                            "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"};

bool is_in(std::string_view text, char character) { return text.find(character) != std::string_view::npos; }

std::string hexadecimal(unsigned char byte, const char* prefix) {
  constexpr char kDigits[] = "0123456789abcdef";
  return prefix + std::string{kDigits[byte >> 4], kDigits[byte & 15]};
}

}  // namespace

std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 1000;
  return base::excerpt(base::without_controls(text.substr(0, kMost + 4)), kMost);
}

void fail(int line, const std::string& what) {
  throw TemplateError{"the chat template, line " + std::to_string(line) + ": " + shown(what)};
}

std::size_t space_at(std::string_view text, std::size_t at) {
  if (at >= text.size()) return 0;
  const auto byte = static_cast<unsigned char>(text[at]);
  if (base::is_ascii(text[at]))
    return byte == ' ' || (byte >= 9 && byte <= 13) || (byte >= 0x1C && byte <= 0x1F) ? 1 : 0;
  for (std::string_view space : kWideSpaces) {
    if (text.substr(at).starts_with(space)) return space.size();
  }
  return 0;
}

std::string_view strip_left(std::string_view text) {
  std::size_t at = 0;
  while (const std::size_t size = space_at(text, at)) at += size;
  return text.substr(at);
}

std::string_view strip_right(std::string_view text) {
  while (!text.empty() && space_at(text, base::last_character(text)) != 0)
    text = text.substr(0, base::last_character(text));
  return text;
}

CharacterSet::CharacterSet(std::string_view characters) {
  for (std::string_view rest = characters; !rest.empty(); rest.remove_prefix(base::character_bytes(rest[0]))) {
    const std::uint32_t code_point = base::first_code_point(rest);
    if (code_point < ascii_.size()) {
      ascii_.set(code_point);
    } else {
      others_.push_back(code_point);
    }
  }
  std::sort(others_.begin(), others_.end());
}

bool CharacterSet::contains(std::string_view character) const {
  const std::uint32_t code_point = base::first_code_point(character);
  return code_point < ascii_.size() ? ascii_.test(code_point)
                                    : std::binary_search(others_.begin(), others_.end(), code_point);
}

std::string_view strip_left(std::string_view text, const CharacterSet& set) {
  while (!text.empty() && set.contains(text)) {
    text = text.substr(base::character_bytes(text[0]));
  }
  return text;
}

std::string_view strip_right(std::string_view text, const CharacterSet& set) {
  while (!text.empty() && set.contains(text.substr(base::last_character(text))))
    text = text.substr(0, base::last_character(text));
  return text;
}

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> all;
  for (std::size_t at = 0; at < text.size(); at += base::character_bytes(text[at])) {
    all.push_back(text.substr(at, base::character_bytes(text[at])));
  }
  return all;
}

std::string_view part_of(std::string_view text, std::size_t first, std::size_t count) {
  const auto after = [&](std::size_t at, std::size_t characters) {
    for (; characters > 0; --characters) at += base::character_bytes(text[at]);
    return at;
  };
  const std::size_t begin = after(0, first);
  return text.substr(begin, after(begin, count) - begin);
}

std::size_t find(std::string_view text, std::string_view needle, std::size_t from) {
  if (from > text.size()) return std::string_view::npos;
  const void* place = ::memmem(text.data() + from, text.size() - from, needle.data(), needle.size());
  if (place == nullptr) return needle.empty() ? from : std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(place) - text.data());
}

std::vector<std::string_view> split(std::string_view text, std::string_view separator, std::int64_t most,
                                    const std::function<void()>& pay) {
  std::vector<std::string_view> parts;
  const auto may_cut = [&] { return most < 0 || static_cast<std::int64_t>(parts.size()) < most; };
  if (!separator.empty()) {
    std::size_t from = 0;
    for (std::size_t at; may_cut() && (at = find(text, separator, from)) != std::string_view::npos;) {
      pay();
      parts.push_back(text.substr(from, at - from));
      from = at + separator.size();
    }
    pay();
    parts.push_back(text.substr(from));
    return parts;
  }
  text = strip_left(text);
  while (!text.empty()) {
    pay();
    if (!may_cut()) {
      parts.push_back(text);  // with the white space at its end
      break;
    }
    std::size_t end = 0;
    while (end < text.size() && space_at(text, end) == 0) end += base::character_bytes(text[end]);
    parts.push_back(text.substr(0, end));
    text = strip_left(text.substr(end));
  }
  return parts;
}

std::string quoted_for_json(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    constexpr std::string_view kShort = "\"\\\n\r\t\f\b";
    const std::size_t which = kShort.find(c);
    if (which != std::string_view::npos) {
      quoted += {'\\', "\"\\nrtfb"[which]};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      quoted += hexadecimal(static_cast<unsigned char>(c), "\\u00");
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string quoted_for_python(std::string_view text) {
  const bool double_quotes = is_in(text, '\'') && !is_in(text, '"');
  const char quote = double_quotes ? '"' : '\'';
  std::string quoted(1, quote);
  for (char c : text) {
    constexpr std::string_view kShort = "\\\n\r\t";
    const std::size_t which = kShort.find(c);
    if (c == quote) {
      quoted += {'\\', c};
    } else if (which != std::string_view::npos) {
      quoted += {'\\', "\\nrt"[which]};
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      quoted += hexadecimal(static_cast<unsigned char>(c), "\\x");
    } else {
      quoted += c;
    }
  }
  return quoted + quote;
}

}  // namespace kiln::jinja
