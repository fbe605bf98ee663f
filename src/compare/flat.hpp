// Trees of JSON as lists of their leaves. Private to the compare module.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "compare/side.hpp"

namespace kiln::compare {

/// "kv.capacity_tokens", "baseline.0.gpu". Lists of lists and of objects are entered, those whose entries all have
/// a "name" by it ("measurements.decode.tokens", "measurements.kernel#2.bits" of the second kernel); other lists are
/// values. `skip` is asked at the top alone.
void add_figures(const json::Value& tree, const std::function<bool(std::string_view key)>& skip, Values& figures);
/// "chip:/kv/banks", with lists as values.
void add_keys(const std::string& kind, const json::Value& config, Values& keys);
/// The tree with another value at the pointer, or without one.
void put(json::Value& tree, std::string_view pointer, const json::Value* value);

}  // namespace kiln::compare
