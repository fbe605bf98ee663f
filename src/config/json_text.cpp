#include "config/json_text.hpp"

#include <fmt/format.h>

#include <string>

#include "json/keys.hpp"
#include "json/read.hpp"

namespace kiln::config {

std::optional<json::Value> parse_json(std::string_view text, Errors& errors, std::string_view at) {
  if (text.size() > kMaximumFileBytes) {
    errors.add(at, fmt::format("has {} bytes; at most {} are allowed", text.size(), kMaximumFileBytes));
    return std::nullopt;
  }
  return json::read(text, kMaximumDepth, [&](const json::Problem& problem) {
    switch (problem.kind) {
      case json::Problem::Kind::KeyTwice: {
        std::string pointer(at);
        for (const auto& token : problem.path) pointer = json::join_pointer(pointer, printable(token));
        errors.add(json::join_pointer(pointer, printable(problem.what)),
                   "stands twice in its object; a key may stand once");
        return true;
      }
      case json::Problem::Kind::TooDeep:
        errors.add(at, fmt::format("is nested deeper than {} levels", kMaximumDepth));
        break;
      case json::Problem::Kind::Syntax:
      case json::Problem::Kind::NumberTooLarge:
        errors.add(at, fmt::format("is not JSON at byte {}: {}", problem.byte, printable(problem.what, 200)));
        break;
    }
    return false;
  });
}

}  // namespace kiln::config
