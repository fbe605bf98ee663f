#include "json/value.hpp"

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
  if (is_negative()) return static_cast<double>(std::get<std::int64_t>(data_));
  return std::get<double>(data_);
}

std::size_t Value::size() const { return is_array() ? array().size() : is_object() ? object().size() : 0; }

const Value* Value::find(std::string_view key) const {
  if (!is_object()) return nullptr;
  const auto found = object().find(key);
  return found == object().end() ? nullptr : &found->second;
}

bool operator==(const Value& a, const Value& b) {
  const bool fraction = std::holds_alternative<double>(a.data_) || std::holds_alternative<double>(b.data_);
  if (fraction && a.is_number() && b.is_number()) return a.number() == b.number();
  return a.data_ == b.data_;
}

}  // namespace kiln::json
