#include "tokenizer/json_view.hpp"

#include <fmt/format.h>

namespace kiln::tokenizer {
namespace {
const json::Value kNull;
const std::string kEmpty;  // what JsonView gives for a missing value
}  // namespace

void JsonView::fail(const std::string& found_and_expected) const {
  if (!*error_) {
    *error_ = base::Error{fmt::format("{}: {}: {}", *file_, pointer_.empty() ? "/" : pointer_, found_and_expected)};
  }
}

JsonView JsonView::at(std::string_view key) const {
  const std::string pointer = fmt::format("{}/{}", pointer_, key);
  if (!value_->is_object()) {
    if (!value_->is_null()) fail(fmt::format("found {}, expected an object", value_->type_name()));
    return {kNull, pointer, *file_, *error_};
  }
  const json::Value* found = value_->find(key);
  return {found == nullptr ? kNull : *found, pointer, *file_, *error_};
}

JsonView JsonView::at(std::size_t index) const {
  const bool inside = value_->is_array() && index < value_->size();
  return {inside ? value_->array()[index] : kNull, fmt::format("{}/{}", pointer_, index), *file_, *error_};
}

std::size_t JsonView::size() const {
  if (value_->is_array()) return value_->size();
  fail(fmt::format("found {}, expected an array", value_->type_name()));
  return 0;
}

const std::string& JsonView::text() const {
  if (value_->is_text()) return value_->text();
  fail(fmt::format("found {}, expected a string", value_->type_name()));
  return kEmpty;
}

bool JsonView::flag(std::string_view key, bool otherwise) const {
  const JsonView member = at(key);
  if (member.is_null()) return otherwise;
  if (member.value().is_boolean()) return member.value().boolean();
  member.fail(fmt::format("found {}, expected true or false", member.value().type_name()));
  return otherwise;
}

std::uint32_t JsonView::number(std::uint32_t limit) const {
  if (value_->is_whole() && value_->whole() <= limit) return static_cast<std::uint32_t>(value_->whole());
  fail(fmt::format("found {}, expected a whole number from 0 to {}",
                   value_->is_number() ? json::write(*value_) : value_->type_name(), limit));
  return 0;
}

}  // namespace kiln::tokenizer
