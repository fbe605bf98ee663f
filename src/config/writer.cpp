#include "config/writer.hpp"

#include <fmt/format.h>

#include "config/errors.hpp"
#include "config/ranges.hpp"

namespace kiln::config {

bool Writer::integer(std::string_view key, std::uint32_t& value, std::string_view, Integers, Need) {
  at(key) = value;
  return true;
}

bool Writer::latency(std::string_view key, std::uint32_t& value, Integers, Need) {
  if (value == kAutomatic)
    at(key) = kAuto;
  else
    at(key) = value;
  return true;
}

bool Writer::real(std::string_view key, double& value, std::string_view, Reals, Need) {
  at(key) = value;
  return true;
}

bool Writer::flag(std::string_view key, bool& value, Need) {
  at(key) = value;
  return true;
}

bool Writer::text(std::string_view key, std::string& value, Text kind, Need) {
  if (kind == Text::Name) at(key) = value;
  return true;
}

bool Writer::one_of(std::string_view key, int& value, std::string_view, std::span<const int>, Need) {
  at(key) = value;
  return true;
}

bool Writer::word(std::string_view key, std::size_t& index, std::span<const std::string_view> words, Need) {
  at(key) = words[index];
  return true;
}

bool Writer::object(std::string_view key, const std::function<void()>& fields, Need) {
  json::Value* const outer = node_;
  node_ = &(at(key) = json::Object());
  fields();
  node_ = outer;
  return true;
}

bool Writer::object_or_null(std::string_view key, bool& present, const std::function<void()>& fields, Need need) {
  if (present) return object(key, fields, need);
  at(key) = nullptr;
  return true;
}

bool Writer::alternative(std::string_view key, bool& given, bool, const std::function<void()>& fields) {
  return given && object(key, fields, Need::Optional);
}

bool Writer::variant(std::string_view key, bool& given, std::string_view, const std::function<void()>& fields) {
  return given && object(key, fields, Need::Optional);
}

FieldInfo& Lister::add(std::string_view key, std::string_view unit, std::string allowed, Need need) {
  fields_.push_back({join_pointer(pointer_, key), std::string(unit), std::move(allowed), need == Need::Optional});
  return fields_.back();
}

bool Lister::integer(std::string_view key, std::uint32_t&, std::string_view unit, Integers allowed, Need need) {
  FieldInfo& info = add(key, unit, in_words(allowed), need);
  info.integer = info.whole = true;
  info.range = allowed;
  return true;
}

bool Lister::latency(std::string_view key, std::uint32_t& value, Integers allowed, Need need) {
  integer(key, value, "cycles", allowed, need);
  fields_.back().allowed += fmt::format(" or `{}`", kAuto);
  return true;
}

bool Lister::real(std::string_view key, double&, std::string_view unit, Reals allowed, Need need) {
  add(key, unit, in_words(allowed), need);
  return true;
}

bool Lister::flag(std::string_view key, bool&, Need need) {
  add(key, "flag", "true or false", need);
  return true;
}

bool Lister::text(std::string_view key, std::string&, Text kind, Need need) {
  add(key, "text", kind == Text::Name ? fmt::format("1 to {} bytes", kMaximumNameBytes) : "any", need);
  return true;
}

bool Lister::one_of(std::string_view key, int&, std::string_view unit, std::span<const int> allowed, Need need) {
  add(key, unit, in_words(allowed), need).whole = true;
  return true;
}

bool Lister::word(std::string_view key, std::size_t&, std::span<const std::string_view> words, Need need) {
  add(key, "word", in_words(words), need);
  return true;
}

bool Lister::notes(std::string_view key, std::map<std::string, std::string>&) {
  add(key, "sentences", "by the JSON pointer of a key", Need::Optional);
  return true;
}

bool Lister::object(std::string_view key, const std::function<void()>& fields, Need) {
  const std::string outer = pointer_;
  pointer_ = join_pointer(outer, key);
  fields();
  pointer_ = outer;
  return true;
}

bool Lister::object_or_null(std::string_view key, bool&, const std::function<void()>& fields, Need need) {
  return object(key, fields, need);
}

bool Lister::alternative(std::string_view key, bool&, bool, const std::function<void()>& fields) {
  return object(key, fields, Need::Optional);
}

/// Its keys are those of `like`, all present.
bool Lister::variant(std::string_view key, bool&, std::string_view like, const std::function<void()>&) {
  add(key, "object", fmt::format("keys of `{}`", like), Need::Optional).like = like;
  return true;
}

}  // namespace kiln::config
