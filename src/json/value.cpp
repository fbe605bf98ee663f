#include "json/value.hpp"

#include <utility>

namespace kiln::json {

std::string_view Value::type_name() const {
  if (is_null()) return "null";
  if (is_boolean()) return "boolean";
  if (is_text()) return "string";
  if (is_array()) return "array";
  if (is_object()) return "object";
  return "number";
}

double Value::number() const {
  if (is_whole()) return static_cast<double>(whole());
  if (has_sign()) return static_cast<double>(std::get<std::int64_t>(data_));
  return std::get<double>(data_);
}

std::size_t Value::size() const { return is_array() ? array().size() : is_object() ? object().size() : 0; }

const Value* Value::find(std::string_view key) const {
  if (!is_object()) return nullptr;
  const auto found = object().find(key);
  return found == object().end() ? nullptr : &found->second;
}

bool operator==(const Value& a, const Value& b) {
  if (!a.is_number() || !b.is_number() || a.data_.index() == b.data_.index()) return a.data_ == b.data_;
  if (a.has_sign() && b.is_whole()) return std::cmp_equal(std::get<std::int64_t>(a.data_), b.whole());
  if (a.is_whole() && b.has_sign()) return b == a;
  return a.number() == b.number();
}

}  // namespace kiln::json
