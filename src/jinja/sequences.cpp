// The filters select, reject, selectattr, rejectattr and map. What they give is a generator to Jinja2: it is walked
// once, has no length and no items by number. Here it may not be kept under a name, so that nothing walks it twice.
#include <algorithm>
#include <charconv>

#include "jinja/functions.hpp"

namespace kiln::jinja {
namespace {

using Kind = Value::Kind;

const std::string& name_in(const std::optional<Value>& value, const char* what) {
  if (!value || !value->is(Kind::String)) throw ValueError{std::string(what) + " is a string"};
  return *value->text;
}

/// What `value[part]` is.
Value part_of(const Value& value, std::string_view part, Budget& budget) {
  budget.spend(Budget::kNode + part.size());
  if (value.is(Kind::Undefined))
    throw ValueError{"'" + *value.text + "' is undefined and has no '" + std::string(part) + "'"};
  std::size_t index = 0;
  const auto [end, failed] = std::from_chars(part.data(), part.data() + part.size(), index);
  const bool number = failed == std::errc() && end == part.data() + part.size();
  if (number && (value.is(Kind::List) || value.is(Kind::Tuple)))
    return index < value.items->size() ? (*value.items)[index] : undefined(part);
  if (number || value.is(Kind::View) || value.is(Kind::Namespace) || value.is(Kind::Loop))
    throw ValueError{"'" + std::string(part) + "' of " + name_of(value) + " is not supported"};
  if (const Value* found = value.is(Kind::Dict) ? entry(value, part, budget) : nullptr) return *found;
  if (is_python_attribute(value, part))
    throw ValueError{"'" + std::string(part) + "' of " + name_of(value) + " is a method"};
  return undefined(part);
}

/// `path`: names and numbers with dots between them. Each part that is undefined becomes `otherwise`, if given.
Value attribute_of(Value value, std::string_view path, const std::optional<Value>& otherwise, Budget& budget) {
  while (true) {
    const auto dot = path.find('.');
    value = part_of(value, path.substr(0, dot), budget);
    if (otherwise && !otherwise->is(Kind::None) && value.is(Kind::Undefined)) value = *otherwise;
    if (dot == std::string_view::npos) return value;
    path.remove_prefix(dot + 1);
  }
}

/// The test that `arguments` name and give arguments to; without a name, whether a value counts as true.
class Choice {
 public:
  explicit Choice(Arguments arguments) {
    if (!arguments[0]) return;
    name_ = name_in(arguments[0], "the name of a test");
    if (name_ == "==" || name_ == "!=") name_ = name_ == "==" ? "eq" : "ne";
    const Signature* test = find_test(name_);
    if (test == nullptr) throw ValueError{"the test '" + name_ + "' is not supported"};
    arguments_.assign(arguments.begin() + 1, arguments.end());
    const auto given = static_cast<std::size_t>(std::count_if(arguments_.begin(), arguments_.end(), has_value));
    if (given != test->required) throw ValueError{"these arguments of the test '" + name_ + "' are not supported"};
  }
  [[nodiscard]] bool holds(const Value& value, Budget& budget) const {
    return name_.empty() ? is_true(value) : call_test(name_, value, arguments_, budget);
  }

 private:
  static bool has_value(const std::optional<Value>& value) { return value.has_value(); }
  std::string name_;
  std::vector<std::optional<Value>> arguments_;
};

Items chosen(std::string_view name, const Items& items, Arguments arguments, Budget& budget) {
  const bool by_attribute = name.ends_with("attr"), wanted = name.starts_with("select");
  const std::string path = by_attribute ? name_in(arguments[0], "the name of an attribute") : std::string();
  const Choice choice(arguments.subspan(by_attribute ? 1 : 0));
  Items kept;
  for (const Value& item : items) {
    budget.spend(sizeof(Value) + Budget::kNode);
    const Value& looked_at = by_attribute ? attribute_of(item, path, {}, budget) : item;
    if (choice.holds(looked_at, budget) == wanted) kept.push_back(item);
  }
  return kept;
}

/// map("filter", its arguments) or map(attribute="a.b", default=x).
Items mapped(const Items& items, Arguments arguments, Budget& budget) {
  const std::optional<Value>&attribute = arguments[3], &otherwise = arguments[4];
  if (arguments[0] ? attribute || otherwise : !attribute)
    throw ValueError{"map takes the name of a filter or an attribute"};
  Items made;
  if (attribute) {
    const std::string& path = name_in(attribute, "the name of an attribute");
    for (const Value& item : items) {
      budget.spend(sizeof(Value) + Budget::kNode);
      made.push_back(attribute_of(item, path, otherwise, budget));
    }
    return made;
  }
  const std::string& name = name_in(arguments[0], "the name of a filter");
  const Signature* filter = find_filter(name);
  if (filter == nullptr || filter->keywords_only) throw ValueError{"map by the filter '" + name + "' is not supported"};
  std::vector<std::optional<Value>> bound(std::max<std::size_t>(filter->parameters.size(), 2));
  for (std::size_t i = 0; i < 2; ++i) bound[i] = arguments[1 + i];
  const auto given = static_cast<std::size_t>(arguments[1].has_value()) + (arguments[2].has_value() ? 1 : 0);
  if (given > filter->parameters.size() || given < filter->required)
    throw ValueError{"these arguments of the filter '" + name + "' are not supported"};
  for (const Value& item : items) {
    budget.spend(sizeof(Value) + Budget::kNode);
    made.push_back(call_filter(name, item, bound, budget));
  }
  return made;
}

}  // namespace

bool is_sequence_filter(std::string_view name) {
  return name == "map" || name == "select" || name == "reject" || name == "selectattr" || name == "rejectattr";
}

Value call_sequence_filter(std::string_view name, const Value& target, Arguments arguments, Budget& budget) {
  const auto items = is_true(target) ? walked(target, budget) : std::make_shared<const Items>();
  return list(name == "map" ? mapped(*items, arguments, budget) : chosen(name, *items, arguments, budget), budget,
              Kind::Generator);
}

}  // namespace kiln::jinja
