// Text to a json::Value, strictly: RFC 8259 and no more, every object's keys once, no number outside a double's range,
// no deeper than the caller allows (checked before anything recurses). Each user words its own sentences: what is wrong
// comes as a Problem with its place.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.hpp"

namespace kiln::json {

struct Problem {
  enum class Kind { Syntax, NumberTooLarge, TooDeep, KeyTwice };
  Kind kind = Kind::Syntax;
  std::size_t byte = 0;  ///< of syntax and numbers: bytes read when it was found
  std::string what;      ///< the parser's words; of a key that occurs twice, the key
  std::vector<std::string>
      path;  ///< of a key that occurs twice or of what is too deep: keys and indices to its object,
             ///< long keys cut
};

/// Whether to read on after this problem. Only a key that occurs twice can be ignored; the last one counts then.
using OnProblem = std::function<bool(const Problem&)>;

/// The most that anybody may allow: whoever walks a value (writes it, compares it, ends its life) recurses no deeper.
inline constexpr std::size_t kDeepest = 64;

/// The value, or nothing after a problem that ended the reading. `maximum_depth` is at most kDeepest.
std::optional<Value> read(std::string_view text, std::size_t maximum_depth, const OnProblem& on_problem);

/// Whether the text is JSON, whatever its depth and however often a key occurs.
bool is_json(std::string_view text);

}  // namespace kiln::json
