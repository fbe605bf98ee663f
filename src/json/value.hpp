// A JSON value: what json::read gives and json::write takes. Objects are sorted by key, numbers keep what the text
// said: whole ones without a sign up to 2^64 - 1, with a sign down to -2^63, anything else a double. Plain data, no
// file and no position; no third-party header comes in through here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace kiln::json {

class Value;
using Array = std::vector<Value>;
using Object = std::map<std::string, Value, std::less<>>;

class Value {
 public:
  Value() = default;
  Value(std::nullptr_t) {}
  Value(bool value) : data_(value) {}
  Value(int value) {
    if (value < 0) {
      data_ = std::int64_t{value};
    } else {
      data_ = static_cast<std::uint64_t>(value);
    }
  }
  Value(std::uint32_t value) : data_(std::uint64_t{value}) {}
  Value(std::uint64_t value) : data_(value) {}
  /// A number that was written with a sign, -0 included.
  Value(std::int64_t value) : data_(value) {}
  Value(double value) : data_(value) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(Array value) : data_(std::move(value)) {}
  Value(Object value) : data_(std::move(value)) {}

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  [[nodiscard]] bool is_boolean() const { return std::holds_alternative<bool>(data_); }
  [[nodiscard]] bool is_number() const { return is_whole() || has_sign() || std::holds_alternative<double>(data_); }
  /// A number that was written without fraction, exponent and sign, and fits into 64 bits.
  [[nodiscard]] bool is_whole() const { return std::holds_alternative<std::uint64_t>(data_); }
  [[nodiscard]] bool is_text() const { return std::holds_alternative<std::string>(data_); }
  [[nodiscard]] bool is_array() const { return std::holds_alternative<Array>(data_); }
  [[nodiscard]] bool is_object() const { return std::holds_alternative<Object>(data_); }
  /// "null", "boolean", "number", "string", "array" or "object"
  [[nodiscard]] std::string_view type_name() const;

  // Each is a bug (std::bad_variant_access) on a value of another type.
  [[nodiscard]] bool boolean() const { return std::get<bool>(data_); }
  [[nodiscard]] std::uint64_t whole() const { return std::get<std::uint64_t>(data_); }
  [[nodiscard]] double number() const;  ///< any number
  [[nodiscard]] const std::string& text() const { return std::get<std::string>(data_); }
  [[nodiscard]] const Array& array() const { return std::get<Array>(data_); }
  [[nodiscard]] Array& array() { return std::get<Array>(data_); }
  [[nodiscard]] const Object& object() const { return std::get<Object>(data_); }
  [[nodiscard]] Object& object() { return std::get<Object>(data_); }

  /// Elements of an array, members of an object, else 0.
  [[nodiscard]] std::size_t size() const;
  /// The member of an object, or null where there is none or this is no object.
  [[nodiscard]] const Value* find(std::string_view key) const;

  /// Numbers are equal if their values are, however they were written.
  friend bool operator==(const Value& a, const Value& b);

 private:
  friend class Encoder;
  [[nodiscard]] bool has_sign() const { return std::holds_alternative<std::int64_t>(data_); }
  std::variant<std::monostate, bool, std::uint64_t, std::int64_t, double, std::string, Array, Object> data_;
};

enum class Escapes { Controls, NonAscii };

/// On one line, without white space. What is not UTF-8 becomes U+FFFD; `NonAscii` also writes \uXXXX beyond ASCII.
std::string write(const Value& value, Escapes escapes = Escapes::Controls);

}  // namespace kiln::json
