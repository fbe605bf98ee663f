// Small helpers for text that people typed.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kiln::base {

/// The text with the bytes of every control character, and those that are no UTF-8, written as \xNN: names out of files
/// end up in sentences and on terminals. Controls are also those beyond ASCII, U+2028 and U+2029 (some end lines there),
/// and what turns the direction of writing.
std::string without_controls(std::string_view text);

/// The text as one word of a shell's command line: in single quotes where it is not plain.
std::string shell_word(std::string_view text);

/// The text, or its beginning and three dots where it has more than `most` bytes; UTF-8 stays well-formed.
std::string excerpt(std::string_view text, std::size_t most = 100);

/// A sentence as it is printed: on one line, without controls, and of a very long one the beginning and the end: what
/// is said in front and at the back is Kiln's, what is long comes out of a file.
std::string one_line(std::string_view text);

/// The candidate with the fewest edits (Levenshtein) from `word`, or nothing when none is nearer than half its length.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

/// Names that a user who typed `word` may have meant: those that begin with it, else those that it is part of (upper
/// and lower case alike; four at most, else the nearest of them), else nearest().
std::vector<std::string> near_names(std::string_view word, std::span<const std::string> candidates);

}  // namespace kiln::base
