// Values of a running template, and the budget that everything with a size is paid from. Strings, lists and dicts are
// immutable and shared; only a namespace changes. A list or dict is at most kMostNesting deep, so walking one recurses
// no deeper; how often a shared one is walked is the budget's affair.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kiln::jinja {

inline constexpr int kMostNesting = 100;
inline constexpr std::size_t kMostText = std::size_t{16} << 20;  ///< bytes of the output, and of any string

/// Work and memory of one rendering, in units: a byte made or looked at costs 1, a node of the template kNode, a round
/// of a loop or a set 512. Whatever takes time or room in proportion to something a template chooses is paid for before
/// it is done, so that a rendering ends within a second or so whatever the template says, or when `stop` is requested.
class Budget {
 public:
  static constexpr std::uint64_t kUsual = std::uint64_t{256} << 20;
  static constexpr std::uint64_t kNode = 32;

  explicit Budget(std::uint64_t units = kUsual, std::stop_token stop = {}) : left_(units), stop_(std::move(stop)) {}

  /// Throws ValueError when nothing is left, TemplateError when it is to stop.
  void spend(std::uint64_t units) {
    if (units > left_) exhausted();
    left_ -= units;
    if (left_ <= next_look_) look();
  }
  [[nodiscard]] std::uint64_t left() const { return left_; }

 private:
  [[noreturn]] static void exhausted();
  /// Whether to stop is asked now and then.
  void look();
  std::uint64_t left_;
  std::uint64_t next_look_ = ~std::uint64_t{0};
  std::stop_token stop_;
};

struct Value;
using Items = std::vector<Value>;
using Entries = std::vector<std::pair<std::string, Value>>;

/// namespace(...): the one thing `set` may change.
struct Namespace {
  std::map<std::string, Value, std::less<>> values;
};

/// The value of `loop`; it belongs to the evaluator, like a namespace.
struct Loop {
  std::shared_ptr<const Items> items;
  std::size_t index = 0;
};

enum class Function { Range, Namespace, RaiseException };

struct Value {
  /// View: what dict.items() and its like give; can be walked but not printed or indexed. Generator: what select, map and
  /// their like give; can be walked where it is made, and not be kept.
  enum class Kind : std::uint8_t {
    Undefined,
    None,
    Bool,
    Int,
    String,
    List,
    Tuple,
    View,
    Generator,
    Dict,
    Namespace,
    Loop,
    Function
  };

  Kind kind = Kind::None;
  std::uint8_t depth = 0;                        ///< of lists and dicts: 1 + the deepest inside
  std::int64_t number = 0;                       ///< Bool, Int, Function
  std::shared_ptr<const std::string> text = {};  ///< String; of an Undefined, what it is called
  std::shared_ptr<const Items> items = {};       ///< List, Tuple, View, Generator
  std::shared_ptr<const Entries> entries = {};   ///< Dict, in order
  jinja::Namespace* name_space = nullptr;
  jinja::Loop* loop = nullptr;

  [[nodiscard]] bool is(Kind k) const { return kind == k; }
  [[nodiscard]] bool is_whole() const { return kind == Kind::Int || kind == Kind::Bool; }
  [[nodiscard]] bool has_items() const { return kind == Kind::List || kind == Kind::Tuple || kind == Kind::View; }
};

/// `name` is for errors: of a long one the beginning is kept.
Value undefined(std::string_view name);
Value boolean(bool value);
Value whole(std::int64_t value);
Value function(Function which);
/// These fail above kMostText and kMostNesting.
Value string(std::string text, Budget& budget);
Value list(Items items, Budget& budget, Value::Kind kind = Value::Kind::List);
Value dict(Entries entries, Budget& budget);

/// Throws for a generator, which would be walked a second time where it is kept.
void expect_kept(const Value& value);

/// "a string", "a list": for errors.
std::string name_of(const Value& value);

bool is_true(const Value& value);
/// Python's ==.
bool are_equal(const Value& a, const Value& b, Budget& budget);
/// Python's `needle in hay`.
bool contains(const Value& hay, const Value& needle, Budget& budget);
/// The entry or null.
const Value* entry(const Value& dict, std::string_view key, Budget& budget);
/// What a `for` walks: items, keys, characters; nothing of an undefined.
std::shared_ptr<const Items> walked(const Value& value, Budget& budget);
/// As {{ }} prints it. A list's or dict's strings must be ASCII, because what Python escapes there depends on its
/// version.
std::string printed(const Value& value, Budget& budget);
/// The filter tojson of apply_chat_template; `indent` < 0: on one line.
std::string as_json(const Value& value, int indent, Budget& budget);

/// Pays for comparing `name` with a key of `size` bytes: those of another size differ at once.
inline void spend_on_key(std::string_view name, std::size_t size, Budget& budget) {
  budget.spend(name.size() == size ? 1 + size : 1);
}

/// Errors without a line, which the evaluator adds.
struct ValueError {
  std::string what;
};

}  // namespace kiln::jinja
