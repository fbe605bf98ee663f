// A constant for each value of an enumeration, checked when it is compiled: the rows are in the enumeration's order, none
// is missing and none occurs twice. So a new enumerator does not compile until every table has it. For enumerations
// that count 0, 1, 2, ...
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace kiln::base {

/// Whether the number that `value` has is one of its enumeration's: the compiler writes "(Enum)7" where it is none.
template <auto value>
consteval bool is_enumerator() {
  return std::string_view(__PRETTY_FUNCTION__).find("value = (") == std::string_view::npos;
}

template <class Enum, class Value>
struct EnumRow {
  Enum key;
  Value value;
};

template <class Enum, class Value, std::size_t Size>
class EnumTable {
 public:
  consteval explicit EnumTable(const std::array<Value, Size>& values) : values_(values) {}

  constexpr const Value& operator[](Enum key) const { return values_[static_cast<std::size_t>(key)]; }
  /// The value in a place: of a loop over all of them.
  constexpr const Value& operator[](std::size_t place) const { return values_[place]; }
  [[nodiscard]] static constexpr std::size_t size() { return Size; }
  [[nodiscard]] constexpr const Value* data() const { return values_.data(); }
  [[nodiscard]] constexpr auto begin() const { return values_.begin(); }
  [[nodiscard]] constexpr auto end() const { return values_.end(); }
  /// The enumerator that has this value, or nothing.
  [[nodiscard]] constexpr std::optional<Enum> find(const Value& value) const {
    for (std::size_t i = 0; i < Size; ++i)
      if (values_[i] == value) return static_cast<Enum>(i);
    return std::nullopt;
  }

 private:
  std::array<Value, Size> values_;
};

/// Throws, and so does not compile, if a row is missing or out of its place.
template <class Value, class Enum, std::size_t Size>
consteval auto enum_table(const EnumRow<Enum, Value> (&rows)[Size]) {
  if (!is_enumerator<static_cast<Enum>(Size - 1)>()) throw "there are more rows than values of the enumeration";
  if (is_enumerator<static_cast<Enum>(Size)>()) throw "the enumeration's last values have no row";
  std::array<Value, Size> values{};
  for (std::size_t i = 0; i < Size; ++i) {
    if (static_cast<std::size_t>(rows[i].key) != i) throw "a row is not in its place in the enumeration's order";
    values[i] = rows[i].value;
  }
  return EnumTable<Enum, Value, Size>(values);
}

/// Names: none is empty and no two are the same.
template <class Enum, std::size_t Size>
consteval auto enum_names(const EnumRow<Enum, std::string_view> (&rows)[Size]) {
  for (std::size_t i = 0; i < Size; ++i) {
    if (rows[i].value.empty()) throw "a name is empty";
    for (std::size_t j = 0; j < i; ++j)
      if (rows[i].value == rows[j].value) throw "two values have the same name";
  }
  return enum_table<std::string_view, Enum, Size>(rows);
}

}  // namespace kiln::base
