// Reads the fields of a config from a json::Value. Problems go to Errors and leave the field unchanged; keys
// that no field asked for are errors with the nearest key that is known.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/errors.hpp"
#include "config/fields.hpp"
#include "json/value.hpp"

namespace kiln::config {

class Reader : public FieldVisitor {
 public:
  Reader(const json::Value& root, Errors& errors) : root_(root), errors_(errors) {}

  /// Visits the root's keys: `fields` calls describe() with this reader.
  void read(const std::function<void()>& fields);

  bool integer(std::string_view key, std::uint32_t& value, std::string_view unit, Integers allowed, Need need) override;
  bool latency(std::string_view key, std::uint32_t& value, Integers allowed, Need need) override;
  bool real(std::string_view key, double& value, std::string_view unit, Reals allowed, Need need) override;
  bool flag(std::string_view key, bool& value, Need need) override;
  bool text(std::string_view key, std::string& value, Text kind, Need need) override;
  bool one_of(std::string_view key, int& value, std::string_view unit, std::span<const int> allowed,
              Need need) override;
  bool word(std::string_view key, std::size_t& index, std::span<const std::string_view> words, Need need) override;
  bool notes(std::string_view key, std::map<std::string, std::string>& value) override;
  bool object(std::string_view key, const std::function<void()>& fields, Need need) override;
  bool object_or_null(std::string_view key, bool& present, const std::function<void()>& fields, Need need) override;
  bool object_or_auto(std::string_view key, const std::function<void()>& fields) override;
  bool alternative(std::string_view key, bool& given, bool chosen, const std::function<void()>& fields) override;
  bool variant(std::string_view key, bool& given, std::string_view like, const std::function<void()>& fields) override;

 private:
  bool whole(std::string_view key, std::uint32_t& value, const std::string& words, Integers allowed, bool may_be_auto,
             Need need);
  /// An object that is being read: its node, where it is and the keys that were asked for.
  struct Scope {
    const json::Value* node;
    std::string pointer;
    std::vector<std::string> known;
    bool listing = false;  ///< its keys are listed, not read
    /// Keys of the alternatives below, given or not: key, pointer of the alternative.
    std::vector<std::pair<std::string, std::string>> below = {};
  };

  /// The key's value, or null after noting that it is missing.
  const json::Value* find(std::string_view key, Need need, const std::string& allowed);
  void reject(std::string_view key, const json::Value& found, const std::string& allowed);
  /// Remembers which keys `fields` has, so that one that is beside its object finds its place.
  void list_below(std::string_view key, const std::function<void()>& fields);
  /// Visits the object that was found, or says that it is none.
  void enter(std::string_view key, const json::Value& found, const std::function<void()>& fields);
  void visit(const json::Value& node, std::string pointer, const std::function<void()>& fields);
  void report_unknown(const Scope& scope);

  const json::Value& root_;
  Errors& errors_;
  std::vector<Scope> scopes_;
};

}  // namespace kiln::config
