// The filters, tests and methods that there are. The parser binds their arguments (and refuses those it does not find),
// the evaluator calls them.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "jinja/value.hpp"

namespace kiln::jinja {

struct Signature {
  std::string_view name;
  std::vector<std::string_view> parameters;  ///< empty name: by position only
  std::size_t required = 0;
  bool keywords_only = false;
};

/// Null if there is none of that name.
const Signature* find_filter(std::string_view name);
const Signature* find_test(std::string_view name);
const Signature* find_method(std::string_view name);

/// One place per parameter of the signature; empty: not given.
using Arguments = std::span<const std::optional<Value>>;

/// These throw ValueError.
/// Whether a filter makes one sequence of another (sequences.cpp).
bool is_sequence_filter(std::string_view name);
Value call_sequence_filter(std::string_view name, const Value& target, Arguments arguments, Budget& budget);
Value call_filter(std::string_view name, const Value& target, Arguments arguments, Budget& budget);
bool call_test(std::string_view name, const Value& target, Arguments arguments, Budget& budget);
Value call_method(std::string_view name, const Value& target, Arguments arguments, Budget& budget);
Value call_range(std::span<const Value> arguments, Budget& budget);

/// Whether Python's objects of this value's type have an attribute of that name, which a template could reach by
/// `value.name`; Kiln has none, and must not take it for undefined.
bool is_python_attribute(const Value& value, std::string_view name);

}  // namespace kiln::jinja
