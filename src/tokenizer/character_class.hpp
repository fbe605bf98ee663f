// What the `tokenizers` library takes for white space and for a part of a word where it looks beside an added token:
// Unicode's White_Space, and \w of Rust's regular expressions. The text is well-formed UTF-8.
#pragma once

#include <cstddef>
#include <string_view>

namespace kiln::tokenizer {

/// Bytes of white space at the start and at the end of `text`.
std::size_t leading_space(std::string_view text);
std::size_t trailing_space(std::string_view text);

bool starts_with_word(std::string_view text);
bool ends_with_word(std::string_view text);

}  // namespace kiln::tokenizer
