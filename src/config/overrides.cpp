#include "config/overrides.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "base/utf8.hpp"
#include "config/fields.hpp"
#include "config/json_text.hpp"
#include "json/keys.hpp"
#include "json/read.hpp"

namespace kiln::config {
namespace {

/// "kv.banks" and "/kv/banks" -> {"kv", "banks"}; nothing if a part is empty.
std::optional<std::vector<std::string>> split(std::string_view path) {
  const char separator = path.starts_with('/') ? '/' : '.';
  if (separator == '/') path.remove_prefix(1);
  std::vector<std::string> tokens;
  for (;;) {
    const auto end = path.find(separator);
    const auto token = path.substr(0, end);
    if (token.empty()) return std::nullopt;
    tokens.push_back(separator == '/' ? json::unescaped(token) : std::string(token));
    if (end == path.npos) return tokens;
    path.remove_prefix(end + 1);
  }
}

/// JSON if `text` is JSON, else the text itself. Duplicate keys in a value are an error, as in a file.
json::Value value_of(std::string_view text, std::string_view pointer, Errors& errors) {
  if (!json::is_json(text)) return std::string(text);
  auto value = parse_json(text, errors, pointer);
  return value ? *std::move(value) : json::Value();
}

void apply(json::Value& root, const Override& text, Errors& errors) {
  if (const auto bad = base::first_invalid_utf8(text)) {
    errors.add("", fmt::format("takes no --set {}: byte {} is not UTF-8", printable(text, 100), *bad));
    return;
  }
  const auto equals = text.find('=');
  const auto tokens = equals == text.npos ? std::nullopt : split(std::string_view(text).substr(0, equals));
  if (!tokens || tokens->size() > kMaximumDepth) {
    errors.add("", fmt::format("takes no --set {}; expected POINTER=VALUE such as kv.banks=64 or /kv/banks=64",
                               printable(text, 100)));
    return;
  }
  std::string pointer;
  json::Value* node = &root;
  for (const auto& token : *tokens) {
    if (node->is_text() && node->text() == kAuto) *node = json::Object();  // an object that says nothing
    if (!node->is_object()) {
      errors.add("", fmt::format("takes no --set {}: {} holds no keys", printable(text, 100),
                                 pointer.empty() ? "the file's root" : pointer));
      return;
    }
    pointer = join_pointer(pointer, printable(token));
    const bool last = &token == &tokens->back();
    const auto [child, created] = node->object().try_emplace(token);
    if (created) errors.note_override(pointer, text);
    if (created && !last) child->second = json::Object();
    node = &child->second;
  }
  errors.note_override(pointer, text);
  *node = value_of(std::string_view(text).substr(equals + 1), pointer, errors);
}

}  // namespace

void apply_overrides(json::Value& root, const std::vector<Override>& overrides, Errors& errors) {
  for (const auto& text : overrides) apply(root, text, errors);
}

}  // namespace kiln::config
