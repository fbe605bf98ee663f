// Two visitors over the fields of a config: one writes canonical JSON (sorted keys, without notes), one lists the keys.
#pragma once

#include <string>
#include <vector>

#include "config/fields.hpp"
#include "json/value.hpp"

namespace kiln::config {

class Writer : public FieldVisitor {
 public:
  /// Names that are not UTF-8 (a GGUF may hold any bytes) get replacement characters.
  [[nodiscard]] std::string canonical() const { return json::write(root_); }

  bool integer(std::string_view key, std::uint32_t& value, std::string_view, Integers, Need) override;
  bool latency(std::string_view key, std::uint32_t& value, Integers, Need) override;
  bool real(std::string_view key, double& value, std::string_view, Reals, Need) override;
  bool flag(std::string_view key, bool& value, Need) override;
  bool text(std::string_view key, std::string& value, Text kind, Need) override;
  bool one_of(std::string_view key, int& value, std::string_view, std::span<const int>, Need) override;
  bool word(std::string_view key, std::size_t& index, std::span<const std::string_view> words, Need) override;
  bool notes(std::string_view, std::map<std::string, std::string>&) override { return true; }
  bool object(std::string_view key, const std::function<void()>& fields, Need) override;
  bool object_or_null(std::string_view key, bool& present, const std::function<void()>& fields, Need) override;
  bool object_or_auto(std::string_view key, const std::function<void()>& fields) override {
    return object(key, fields, Need::Required);
  }
  bool alternative(std::string_view key, bool& given, bool chosen, const std::function<void()>& fields) override;
  bool variant(std::string_view key, bool& given, std::string_view like, const std::function<void()>& fields) override;
  [[nodiscard]] bool takes_shorthand() const override { return false; }

 private:
  json::Value& at(std::string_view key) { return node_->object()[std::string(key)]; }
  json::Value root_ = json::Object();
  json::Value* node_ = &root_;
};

/// One key of a config, as its documentation says it.
struct FieldInfo {
  std::string pointer;
  std::string unit;     ///< "cycles"; without a unit, the type: "text", "word", "flag", "sentences", "object"
  std::string allowed;  ///< "1 to 64"
  bool optional = false;
  bool integer = false;
  bool whole = false;       ///< an integer, or one of a few
  Integers range = {0, 0};  ///< of an integer
  std::string like = {};    ///< of an object that may change some keys of another: that one
};

class Lister : public FieldVisitor {
 public:
  [[nodiscard]] const std::vector<FieldInfo>& fields() const { return fields_; }

  bool integer(std::string_view key, std::uint32_t& value, std::string_view unit, Integers allowed, Need) override;
  bool latency(std::string_view key, std::uint32_t& value, Integers allowed, Need) override;
  bool real(std::string_view key, double& value, std::string_view unit, Reals allowed, Need) override;
  bool flag(std::string_view key, bool& value, Need) override;
  bool text(std::string_view key, std::string& value, Text kind, Need) override;
  bool one_of(std::string_view key, int& value, std::string_view unit, std::span<const int> allowed, Need) override;
  bool word(std::string_view key, std::size_t& index, std::span<const std::string_view> words, Need) override;
  bool notes(std::string_view key, std::map<std::string, std::string>&) override;
  bool object(std::string_view key, const std::function<void()>& fields, Need) override;
  bool object_or_null(std::string_view key, bool& present, const std::function<void()>& fields, Need) override;
  bool object_or_auto(std::string_view key, const std::function<void()>& fields) override {
    return object(key, fields, Need::Required);
  }
  bool alternative(std::string_view key, bool& given, bool chosen, const std::function<void()>& fields) override;
  bool variant(std::string_view key, bool& given, std::string_view like, const std::function<void()>& fields) override;
  [[nodiscard]] bool wants_all() const override { return true; }

 private:
  FieldInfo& add(std::string_view key, std::string_view unit, std::string allowed, Need need);
  std::vector<FieldInfo> fields_;
  std::string pointer_;
};

/// All keys of a kind of config, in the order of describe().
template <class Config>
std::vector<FieldInfo> fields_of() {
  Lister lister;
  Config config;
  describe(lister, config);
  return lister.fields();
}

}  // namespace kiln::config
