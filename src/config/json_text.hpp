// The text of a config to a json::Value: no key twice, no depth above 64, at most 16 MiB. Errors name the byte (syntax)
// or the JSON pointer (a key that occurs twice).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "config/errors.hpp"
#include "json/value.hpp"

namespace kiln::config {

inline constexpr std::size_t kMaximumDepth = 64;
inline constexpr std::size_t kMaximumFileBytes = std::size_t{16} << 20;

/// The value, or nothing and an error in `errors`. `at`: the pointer of the text's root in errors.
std::optional<json::Value> parse_json(std::string_view text, Errors& errors, std::string_view at = "");

}  // namespace kiln::config
