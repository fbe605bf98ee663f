// All errors of one config, one sentence each, in the order in which they were found.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "json/keys.hpp"
#include "kiln/base/result.hpp"

namespace kiln::config {

class Errors {
 public:
  explicit Errors(std::string file) : file_(std::move(file)) {}

  /// What is at or below `pointer` came from this override, which errors shall name instead of the file.
  void note_override(const std::string& pointer, const std::string& text) { overrides_[pointer] = text; }
  /// What is at or below `pointer` came from `file`, which is then named.
  void note_origin(const std::string& pointer, std::string file) { origins_[pointer] = std::move(file); }
  /// `sentence` continues after the file's name (or the override's) and the pointer, e.g. "is 0; allowed: ...".
  void add(std::string_view pointer, std::string_view sentence);
  [[nodiscard]] bool empty() const { return count_ == 0; }
  /// True once further errors are only counted, so that their sentences need no work.
  [[nodiscard]] bool full() const { return count_ >= kMaximumLines; }
  [[nodiscard]] base::Error joined() const;
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  static constexpr std::size_t kMaximumLines = 100;  ///< a hostile file may have a million
  std::string file_;
  std::map<std::string, std::string> overrides_, origins_;
  std::vector<std::string> lines_;
  std::size_t count_ = 0;
};

using json::join_pointer;

/// Text from a file as an error may print it: printable ASCII, at most `limit` characters.
std::string printable(std::string_view text, std::size_t limit = 64);

}  // namespace kiln::config
