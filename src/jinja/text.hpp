// Text as Python sees it: UTF-8 by code points, Python's idea of white space, its repr and JSON's quotes. All functions
// take well-formed UTF-8 (the template and the messages are checked at the door) and give it back.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kiln::jinja {

/// What went wrong in a template, as a sentence; parse() and render() turn it into a base::Error.
struct TemplateError {
  std::string message;
};

/// What a template says, for a sentence: no controls, and of much the beginning.
std::string shown(std::string_view text);

[[noreturn]] void fail(int line, const std::string& what);

/// Bytes of the white-space character at `at` (Python's str.isspace), or 0.
std::size_t space_at(std::string_view text, std::size_t at);

std::string_view strip_left(std::string_view text);
std::string_view strip_right(std::string_view text);
/// The characters of a text, each found in a few steps.
class CharacterSet {
 public:
  explicit CharacterSet(std::string_view characters);
  [[nodiscard]] bool contains(std::string_view character) const;

 private:
  std::bitset<128> ascii_;
  std::vector<std::uint32_t> others_;  ///< in order
};

/// Without the characters of `set` at either end.
std::string_view strip_left(std::string_view text, const CharacterSet& set);
std::string_view strip_right(std::string_view text, const CharacterSet& set);

/// One view per character.
std::vector<std::string_view> characters(std::string_view text);
/// `count` characters from the one at `first`; there are that many.
std::string_view part_of(std::string_view text, std::size_t first, std::size_t count);

/// First place of `needle` at or after `from`, in linear time; npos if there is none.
std::size_t find(std::string_view text, std::string_view needle, std::size_t from = 0);
/// Python's split(): by `separator`, or by runs of white space if that is empty; at most `most` cuts if not negative.
/// `pay` is called before each part.
std::vector<std::string_view> split(std::string_view text, std::string_view separator, std::int64_t most,
                                    const std::function<void()>& pay);

std::string quoted_for_json(std::string_view text);
/// Python's repr of an ASCII string.
std::string quoted_for_python(std::string_view text);

}  // namespace kiln::jinja
