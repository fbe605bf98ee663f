// Reads the members of one JSON object by name and type; the first thing that is wrong is kept as a sentence with its
// pointer. Keys that nothing asked for are wrong too.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json/value.hpp"
#include "kiln/base/result.hpp"

namespace kiln::sweep {

class ObjectReader {
 public:
  /// `file` and `pointer` of the object name it in sentences.
  ObjectReader(const json::Value& object, std::string file, std::string pointer);

  /// The member, or null. From now on a known key.
  const json::Value* find(std::string_view key);
  /// Each leaves `value` alone where there is no such key.
  void text(std::string_view key, std::string& value);
  void whole(std::string_view key, std::uint64_t& value, std::uint64_t least, std::uint64_t most);
  void real(std::string_view key, double& value, double above, double most);
  void texts(std::string_view key, std::vector<std::string>& values);

  /// "SPEC.json: /base/users is 0; 1 to 65536 is expected": the first one counts.
  void reject(std::string_view key, std::string_view expected);
  void fail(std::string_view key, std::string_view sentence);
  [[nodiscard]] std::string place(std::string_view key) const;
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] bool failed() const { return !status_.ok(); }
  /// After the last key was asked for.
  [[nodiscard]] base::Status done();

 private:
  const json::Value& object_;
  std::string file_, pointer_;
  std::vector<std::string> known_;
  base::Status status_;
};

}  // namespace kiln::sweep
