// JSON of a checkpoint's files, which may be hostile: well-formed UTF-8, no key twice in an object, at most 16 levels.
// The first thing that is wrong is the error, in one sentence. Getters name file and JSON pointer when a value is
// missing, of the wrong type or out of range.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "json/value.hpp"
#include "kiln/base/result.hpp"

namespace kiln::checkpoint {

/// A configuration file is not larger: its text is read as a whole.
inline constexpr std::size_t kMaximumConfig = std::size_t{16} << 20;

/// `offset`: byte in the file at which `text` starts, for messages. The document must be an object.
base::Result<json::Value> parse_strict(std::string_view text, const std::string& file, std::uint64_t offset = 0);

/// A value for a sentence: not longer than one can read.
std::string excerpt(const json::Value& value);

/// Reads keys of one object; the first failure is kept, so that a caller looks once at the end.
class ObjectReader {
 public:
  ObjectReader(const json::Value& object, std::string file, std::string pointer)
      : object_(object), file_(std::move(file)), pointer_(std::move(pointer)) {}

  /// The value, or null if the key is absent or null.
  [[nodiscard]] const json::Value* find(const char* key) const;
  std::uint32_t integer(const char* key, std::optional<std::uint32_t> otherwise = std::nullopt);
  double number(const char* key, std::optional<double> otherwise = std::nullopt);
  bool boolean(const char* key, bool otherwise);
  std::string text(const char* key, const std::string& otherwise);

  void fail(const char* key, const std::string& what);
  /// Takes over the failure of a reader of a part of the object.
  void adopt(const base::Error& error) {
    if (!failure_) failure_ = error;
  }
  [[nodiscard]] const std::optional<base::Error>& failure() const { return failure_; }
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  const json::Value& object_;
  std::string file_;
  std::string pointer_;
  std::optional<base::Error> failure_;
};

}  // namespace kiln::checkpoint
