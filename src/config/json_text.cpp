#include "config/json_text.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace kiln::config {
namespace {

using nlohmann::json;

/// Builds the tree from parser events. Tree nodes do not move while they are open: objects are maps, and an array
/// grows only after its last element is closed.
class TreeBuilder : public nlohmann::json_sax<json> {
 public:
  TreeBuilder(Errors& errors, std::string_view at) : errors_(errors), at_(at) {}

  bool null() override { return put(nullptr) != nullptr; }
  bool boolean(bool value) override { return put(value) != nullptr; }
  bool number_integer(number_integer_t value) override { return put(value) != nullptr; }
  bool number_unsigned(number_unsigned_t value) override { return put(value) != nullptr; }
  bool number_float(number_float_t value, const string_t&) override { return put(value) != nullptr; }
  bool string(string_t& value) override { return put(std::move(value)) != nullptr; }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    if (open_.back().node->contains(name))
      errors_.add(join_pointer(pointer(), printable(name)), "stands twice in its object; a key may stand once");
    open_.back().key = std::move(name);
    return true;
  }

  bool parse_error(std::size_t offset, const std::string&, const nlohmann::detail::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: what" -> "what"
    std::string_view what = error.what();
    if (const auto end = what.find("] "); end != what.npos) what.remove_prefix(end + 2);
    if (what.starts_with("parse error")) {
      if (const auto end = what.find(": "); end != what.npos) what.remove_prefix(end + 2);
    }
    errors_.add(at_, fmt::format("is not JSON at byte {}: {}", offset, printable(what, 200)));
    return false;
  }

  json take() { return std::move(root_); }

 private:
  struct Open {
    json* node;
    std::string key;
  };

  template <class Value>
  json* put(Value&& value) {
    if (open_.empty()) return &(root_ = std::forward<Value>(value));
    json& parent = *open_.back().node;
    if (parent.is_array()) return &parent.emplace_back(std::forward<Value>(value));
    return &(parent[open_.back().key] = std::forward<Value>(value));
  }

  bool open(json container) {
    if (open_.size() >= kMaximumDepth) {
      errors_.add(at_, fmt::format("is nested deeper than {} levels", kMaximumDepth));
      return false;
    }
    open_.push_back({put(std::move(container)), ""});
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  /// Of the innermost open container.
  [[nodiscard]] std::string pointer() const {
    std::string result(at_);
    for (std::size_t i = 0; i + 1 < open_.size(); ++i) {
      const bool array = open_[i].node->is_array();
      result = join_pointer(result, array ? std::to_string(open_[i].node->size() - 1) : printable(open_[i].key));
    }
    return result;
  }

  Errors& errors_;
  std::string_view at_;
  json root_;
  std::vector<Open> open_;
};

}  // namespace

std::optional<json> parse_json(std::string_view text, Errors& errors, std::string_view at) {
  if (text.size() > kMaximumFileBytes) {
    errors.add(at, fmt::format("has {} bytes; at most {} are allowed", text.size(), kMaximumFileBytes));
    return std::nullopt;
  }
  TreeBuilder builder(errors, at);
  if (!json::sax_parse(text.begin(), text.end(), &builder)) return std::nullopt;
  return builder.take();
}

}  // namespace kiln::config
