// What a field allows, in words: the same words are in errors and in configs/README.md.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/fields.hpp"

namespace kiln::config {

std::string in_words(Integers allowed);                         ///< "1 to 64"
std::string in_words(Reals allowed);                            ///< "0.5 to 2" or "above 0, to 2"
std::string in_words(std::span<const int> allowed);             ///< "2, 3 or 4"
std::string in_words(std::span<const std::string_view> words);  ///< "`a`, `b` or `c`"

}  // namespace kiln::config
