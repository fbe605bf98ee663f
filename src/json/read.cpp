// The one file that reads JSON text with the third-party parser.
#include "json/read.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.hpp"
#include "kiln/base/result.hpp"

namespace kiln::json {
namespace {

using Parser = nlohmann::json;

/// "[json.exception.parse_error.101] parse error at line 1, column 2: what" -> "what"
std::string words_of(const nlohmann::detail::exception& error) {
  std::string_view what = error.what();
  if (const auto end = what.find("] "); end != what.npos) what.remove_prefix(end + 2);
  if (what.starts_with("parse error")) {
    if (const auto end = what.find(": "); end != what.npos) what.remove_prefix(end + 2);
  }
  return std::string(what);
}

/// Builds the value from parser events. Values do not move while they are open: objects are maps, and an array grows
/// only after its last element is closed.
class Builder : public nlohmann::json_sax<Parser> {
 public:
  Builder(std::size_t maximum_depth, const OnProblem& on_problem)
      : maximum_depth_(maximum_depth), on_problem_(on_problem) {}

  bool null() override { return put(nullptr) != nullptr; }
  bool boolean(bool value) override { return put(value) != nullptr; }
  bool number_integer(number_integer_t value) override { return put(std::int64_t{value}) != nullptr; }
  bool number_unsigned(number_unsigned_t value) override { return put(std::uint64_t{value}) != nullptr; }
  bool number_float(number_float_t value, const string_t&) override { return put(value) != nullptr; }
  bool string(string_t& value) override { return put(std::move(value)) != nullptr; }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Object()); }
  bool start_array(std::size_t) override { return open(Array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    const bool twice = open_.back().value->object().contains(name);
    if (twice && !on_problem_({Problem::Kind::KeyTwice, 0, name, path()})) return false;
    open_.back().key = std::move(name);
    return true;
  }

  bool parse_error(std::size_t byte, const std::string&, const nlohmann::detail::exception& error) override {
    const bool syntax = dynamic_cast<const Parser::parse_error*>(&error) != nullptr;
    on_problem_({syntax ? Problem::Kind::Syntax : Problem::Kind::NumberTooLarge, byte, words_of(error), {}});
    return false;
  }

  Value take() { return std::move(root_); }

 private:
  struct Open {
    Value* value;
    std::string key;
  };

  template <class Item>
  Value* put(Item&& item) {
    if (open_.empty()) return &(root_ = std::forward<Item>(item));
    Value& parent = *open_.back().value;
    if (parent.is_array()) return &parent.array().emplace_back(std::forward<Item>(item));
    return &(parent.object()[open_.back().key] = std::forward<Item>(item));
  }

  template <class Container>
  bool open(Container container) {
    if (open_.size() >= maximum_depth_) {
      on_problem_({Problem::Kind::TooDeep, 0, "", path()});
      return false;
    }
    open_.push_back({put(std::move(container)), ""});
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  /// To the innermost open container; a file may have a long key in front of many problems, so that keys are cut.
  [[nodiscard]] std::vector<std::string> path() const {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i + 1 < open_.size(); ++i) {
      const Value& container = *open_[i].value;
      keys.push_back(container.is_array() ? std::to_string(container.size() - 1) : base::excerpt(open_[i].key));
    }
    return keys;
  }

  std::size_t maximum_depth_;
  const OnProblem& on_problem_;
  Value root_;
  std::vector<Open> open_;
};

}  // namespace

std::optional<Value> read(std::string_view text, std::size_t maximum_depth, const OnProblem& on_problem) {
  base::check(maximum_depth <= kDeepest, "JSON is read with a bound on its depth");
  Builder builder(maximum_depth, on_problem);
  if (!Parser::sax_parse(text.begin(), text.end(), &builder)) return std::nullopt;
  if (const auto nul = text.find('\0'); nul != text.npos) {  // where the parser saw the text's end
    on_problem({Problem::Kind::Syntax,
                nul + 1,
                "syntax error while parsing value - unexpected NUL character; expected end of input",
                {}});
    return std::nullopt;
  }
  return builder.take();
}

bool is_json(std::string_view text) { return Parser::accept(text) && text.find('\0') == text.npos; }

}  // namespace kiln::json
