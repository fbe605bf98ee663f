// JSON text to a tree, strictly: no duplicate keys, no depth above 64, no number outside a double's range.
// Errors name the byte offset (syntax) or the JSON pointer (duplicates).
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "config/errors.hpp"

namespace kiln::config {

inline constexpr std::size_t kMaximumDepth = 64;
inline constexpr std::size_t kMaximumFileBytes = std::size_t{16} << 20;

/// The tree, or nothing and an error in `errors`. `at`: the pointer of the text's root in errors.
std::optional<nlohmann::json> parse_json(std::string_view text, Errors& errors, std::string_view at = "");

}  // namespace kiln::config
