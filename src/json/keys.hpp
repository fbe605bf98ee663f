// Keys of objects, as sentences about them need them: pointers, and the nearest of those that are known.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.hpp"

namespace kiln::json {

/// `pointer` and one more reference token, escaped as RFC 6901 says.
std::string join_pointer(std::string_view pointer, std::string_view token);
/// One reference token of a pointer, with ~1 and ~0 resolved.
std::string unescaped(std::string_view token);

/// The keys of `object` that are not among `known`, in their order; the views are into the object.
std::vector<std::string_view> unknown_keys(const Object& object, std::span<const std::string> known);
std::vector<std::string_view> unknown_keys(const Object& object, std::span<const std::string_view> known);

/// The known key that was probably meant; nothing for a key so long that nobody mistyped it.
std::optional<std::string> nearest_key(std::string_view key, std::span<const std::string> known);

}  // namespace kiln::json
