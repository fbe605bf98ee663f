#include "jinja/value.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "jinja/text.hpp"

namespace kiln::jinja {

void Budget::exhausted() { throw ValueError{"rendering takes too much work"}; }

void Budget::look() {
  constexpr std::uint64_t kBetween = std::uint64_t{1} << 20;
  next_look_ = left_ > kBetween ? left_ - kBetween : 0;
  if (stop_.stop_requested()) throw TemplateError{"the chat template was interrupted"};
}

Value undefined(std::string_view name) {
  Value value{.kind = Value::Kind::Undefined};
  value.text = std::make_shared<const std::string>(base::excerpt(name));
  return value;
}

Value boolean(bool value) { return {.kind = Value::Kind::Bool, .number = value ? 1 : 0}; }
Value whole(std::int64_t value) { return {.kind = Value::Kind::Int, .number = value}; }
Value function(Function which) { return {.kind = Value::Kind::Function, .number = static_cast<int>(which)}; }

Value string(std::string text, Budget& budget) {
  if (text.size() > kMostText) throw ValueError{"a string grows beyond 16 MiB"};
  budget.spend(text.size());
  Value value{.kind = Value::Kind::String};
  value.text = std::make_shared<const std::string>(std::move(text));
  return value;
}

namespace {

std::uint8_t depth_around(int deepest) {
  if (deepest >= kMostNesting) throw ValueError{"lists lie more than 100 deep in one another"};
  return static_cast<std::uint8_t>(deepest + 1);
}

}  // namespace

Value list(Items items, Budget& budget, Value::Kind kind) {
  budget.spend(items.size() * sizeof(Value));
  int deepest = 0;
  for (const Value& item : items) {
    expect_kept(item);
    deepest = std::max<int>(deepest, item.depth);
  }
  Value value{.kind = kind, .depth = depth_around(deepest)};
  value.items = std::make_shared<const Items>(std::move(items));
  return value;
}

Value dict(Entries entries, Budget& budget) {
  budget.spend(entries.size() * sizeof(Entries::value_type));
  int deepest = 0;
  Entries unique;
  for (auto& [key, value] : entries) {
    expect_kept(value);
    deepest = std::max<int>(deepest, value.depth);
    const auto same = std::find_if(unique.begin(), unique.end(), [&](const auto& e) {
      spend_on_key(key, e.first.size(), budget);
      return e.first == key;
    });
    if (same != unique.end()) {
      same->second = std::move(value);
    } else {
      unique.emplace_back(std::move(key), std::move(value));
    }
  }
  Value value{.kind = Value::Kind::Dict, .depth = depth_around(deepest)};
  value.entries = std::make_shared<const Entries>(std::move(unique));
  return value;
}

void expect_kept(const Value& value) {
  if (value.is(Value::Kind::Generator))
    throw ValueError{name_of(value) + " is not kept: the filter list makes a list of it"};
}

std::string name_of(const Value& value) {
  switch (value.kind) {
    case Value::Kind::Undefined:
      return "'" + *value.text + "', which is undefined,";
    case Value::Kind::None:
      return "none";
    case Value::Kind::Bool:
      return "a truth value";
    case Value::Kind::Int:
      return "a number";
    case Value::Kind::String:
      return "a string";
    case Value::Kind::List:
      return "a list";
    case Value::Kind::Tuple:
      return "a tuple";
    case Value::Kind::View:
      return "a view of a dict";
    case Value::Kind::Generator:
      return "what select, reject or map give";
    case Value::Kind::Dict:
      return "a dict";
    case Value::Kind::Namespace:
      return "a namespace";
    case Value::Kind::Loop:
      return "a loop";
    case Value::Kind::Function:
      return "a function";
  }
  return "a value";
}

bool is_true(const Value& value) {
  switch (value.kind) {
    case Value::Kind::Undefined:
    case Value::Kind::None:
      return false;
    case Value::Kind::Bool:
    case Value::Kind::Int:
      return value.number != 0;
    case Value::Kind::String:
      return !value.text->empty();
    case Value::Kind::Dict:
      return !value.entries->empty();
    default:
      return !value.has_items() || !value.items->empty();
  }
}

bool are_equal(const Value& a, const Value& b, Budget& budget) {
  budget.spend(1);
  if (a.is_whole() && b.is_whole()) return a.number == b.number;
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Value::Kind::Undefined:
    case Value::Kind::None:
      return true;
    case Value::Kind::String:
      if (a.text->size() != b.text->size()) return false;
      budget.spend(a.text->size());
      return *a.text == *b.text;
    case Value::Kind::Dict:
      return a.entries->size() == b.entries->size() &&
             std::all_of(a.entries->begin(), a.entries->end(), [&](const auto& e) {
               const Value* other = entry(b, e.first, budget);
               return other != nullptr && are_equal(e.second, *other, budget);
             });
    case Value::Kind::View:
      throw ValueError{"a view of a dict cannot be compared"};
    case Value::Kind::Generator:
      return false;  // each is one of its own
    case Value::Kind::Namespace:
      return a.name_space == b.name_space;
    case Value::Kind::Loop:
      return a.loop == b.loop;
    case Value::Kind::Function:
      return a.number == b.number;
    default:
      return std::equal(a.items->begin(), a.items->end(), b.items->begin(), b.items->end(),
                        [&](const Value& x, const Value& y) { return are_equal(x, y, budget); });
  }
}

const Value* entry(const Value& dict, std::string_view key, Budget& budget) {
  for (const auto& [name, value] : *dict.entries) {
    spend_on_key(key, name.size(), budget);
    if (name == key) return &value;
  }
  return nullptr;
}

bool contains(const Value& hay, const Value& needle, Budget& budget) {
  if (hay.is(Value::Kind::String)) {
    if (!needle.is(Value::Kind::String)) throw ValueError{"'in' a string wants a string, not " + name_of(needle)};
    budget.spend(4 * (hay.text->size() + needle.text->size()));  // a search may look at a byte again
    return find(*hay.text, *needle.text) != std::string_view::npos;
  }
  if (hay.is(Value::Kind::Undefined)) return false;
  if (hay.is(Value::Kind::Dict)) {
    if (needle.kind >= Value::Kind::List) throw ValueError{name_of(needle) + " cannot be a key of a dict"};
    return needle.is(Value::Kind::String) && entry(hay, *needle.text, budget) != nullptr;
  }
  if (!hay.has_items() && !hay.is(Value::Kind::Generator)) throw ValueError{"'in' does not look into " + name_of(hay)};
  return std::any_of(hay.items->begin(), hay.items->end(),
                     [&](const Value& item) { return are_equal(item, needle, budget); });
}

std::shared_ptr<const Items> walked(const Value& value, Budget& budget) {
  if (value.has_items() || value.is(Value::Kind::Generator)) return value.items;
  Items items;
  if (value.is(Value::Kind::Dict)) {
    for (const auto& [key, unused] : *value.entries) {
      budget.spend(sizeof(Value) + key.size());
      items.push_back(string(key, budget));
    }
  } else if (value.is(Value::Kind::String)) {
    budget.spend(value.text->size() * (sizeof(Value) + 64));
    for (std::string_view character : characters(*value.text)) {
      items.push_back(string(std::string(character), budget));
    }
  } else if (!value.is(Value::Kind::Undefined)) {
    throw ValueError{name_of(value) + " has nothing to walk over"};
  }
  return std::make_shared<const Items>(std::move(items));
}

}  // namespace kiln::jinja
