#include "json/keys.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace kiln::json {
namespace {

constexpr std::size_t kLongestMistyped = 64;

template <class Known>
std::vector<std::string_view> not_among(const Object& object, std::span<const Known> known) {
  std::vector<std::string_view> unknown;
  for (const auto& [key, value] : object)
    if (std::find(known.begin(), known.end(), key) == known.end()) unknown.push_back(key);
  return unknown;
}

}  // namespace

std::string join_pointer(std::string_view pointer, std::string_view token) {
  std::string joined(pointer);
  joined += '/';
  for (const char c : token) {
    if (c == '~') {
      joined += "~0";
    } else if (c == '/') {
      joined += "~1";
    } else {
      joined += c;
    }
  }
  return joined;
}

std::string unescaped(std::string_view token) {
  std::string plain;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool escape = token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1');
    plain += escape ? (token[++i] == '0' ? '~' : '/') : token[i];
  }
  return plain;
}

std::vector<std::string_view> unknown_keys(const Object& object, std::span<const std::string> known) {
  return not_among(object, known);
}
std::vector<std::string_view> unknown_keys(const Object& object, std::span<const std::string_view> known) {
  return not_among(object, known);
}

std::optional<std::string> nearest_key(std::string_view key, std::span<const std::string> known) {
  return key.size() <= kLongestMistyped ? base::nearest(key, known) : std::nullopt;
}

}  // namespace kiln::json
