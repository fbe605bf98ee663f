// A look at one place of a JSON file that knows its pointer. The first wrong type stays as the error and everything
// read after it gives empty values, so a reader checks once at the end of a stage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "json/value.hpp"
#include "kiln/base/result.hpp"

namespace kiln::tokenizer {

class JsonView {
 public:
  JsonView(const json::Value& value, std::string pointer, const std::string& file,
           std::optional<base::Error>& first_error)
      : value_(&value), pointer_(std::move(pointer)), file_(&file), error_(&first_error) {}

  [[nodiscard]] const json::Value& value() const { return *value_; }
  [[nodiscard]] bool is_null() const { return value_->is_null(); }
  /// A member, or null where there is none.
  [[nodiscard]] JsonView at(std::string_view key) const;
  [[nodiscard]] JsonView at(std::size_t index) const;
  /// Elements of an array; 0 with an error for what is none.
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] const std::string& text() const;
  /// The member `key` as a boolean, `otherwise` where it is absent or null.
  [[nodiscard]] bool flag(std::string_view key, bool otherwise) const;
  /// The member `type`, as Hugging Face names the parts of a tokenizer; empty for null.
  [[nodiscard]] std::string type() const { return is_null() ? std::string() : at("type").text(); }
  /// A whole number from 0 to `limit`, both included.
  [[nodiscard]] std::uint32_t number(std::uint32_t limit) const;
  void fail(const std::string& found_and_expected) const;

 private:
  const json::Value* value_;
  std::string pointer_;
  const std::string* file_;
  std::optional<base::Error>* error_;
};

}  // namespace kiln::tokenizer
