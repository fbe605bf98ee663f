#include "jinja/evaluate.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "jinja/functions.hpp"
#include "jinja/text.hpp"

namespace kiln::jinja {

Value Evaluator::evaluate(const Expression& expression) {
  try {
    budget_.spend(Budget::kNode);
    return value_of(expression);
  } catch (const ValueError& error) {
    fail(expression.line, error.what);
  }
}

Value Evaluator::value_of(const Expression& expression) {
  using Kind = Expression::Kind;
  const auto part = [&](std::size_t i) { return evaluate(*expression.parts[i]); };
  switch (expression.kind) {
    case Kind::Literal:
      return expression.literal;
    case Kind::Name: {
      budget_.spend(8 * scopes_.size());
      const Value* found = find(expression.name);
      return found != nullptr ? *found : undefined(expression.name);
    }
    case Kind::List:
      return list(all(expression.parts), budget_);
    case Kind::Tuple:
      return list(all(expression.parts), budget_, Value::Kind::Tuple);
    case Kind::Dict:
      return dict_of(expression);
    case Kind::Attribute:
      return attribute(part(0), expression.name);
    case Kind::Item:
      return item(part(0), part(1), expression);
    case Kind::Slice:
      return slice(expression);
    case Kind::Call:
      return call(expression);
    case Kind::Method: {
      const Value target = part(0);
      return call_method(expression.name, target, arguments(expression), budget_);
    }
    case Kind::Filter: {
      const Value target = part(0);
      return call_filter(expression.name, target, arguments(expression), budget_);
    }
    case Kind::Test: {
      const Value target = part(0);
      return boolean(call_test(expression.name, target, arguments(expression), budget_));
    }
    default:
      return operator_value(expression);
  }
}

Value Evaluator::operator_value(const Expression& expression) {
  const auto part = [&](std::size_t i) { return evaluate(*expression.parts[i]); };
  switch (expression.kind) {
    case Expression::Kind::Not:
      return boolean(!is_true(part(0)));
    case Expression::Kind::Negate:
      return arithmetic("-", whole(0), part(0));
    case Expression::Kind::Identity:
      return arithmetic("+", whole(0), part(0));
    case Expression::Kind::And: {
      Value left = part(0);
      return is_true(left) ? part(1) : left;
    }
    case Expression::Kind::Or: {
      Value left = part(0);
      return is_true(left) ? left : part(1);
    }
    case Expression::Kind::Conditional:
      if (is_true(part(0))) return part(1);
      return expression.parts[2] != nullptr ? part(2) : undefined("the missing else");
    case Expression::Kind::Compare:
      return compare(expression);
    case Expression::Kind::Concatenate:
      return concatenate(expression);
    case Expression::Kind::Arithmetic: {
      const Value left = part(0);
      return arithmetic(expression.name, left, part(1));
    }
    default:
      return {};  // value_of has the others
  }
}

std::vector<Value> Evaluator::all(const std::vector<ExpressionPtr>& parts) {
  std::vector<Value> values;
  values.reserve(parts.size());
  for (const auto& part : parts) values.push_back(evaluate(*part));
  return values;
}

std::vector<std::optional<Value>> Evaluator::arguments(const Expression& expression) {
  std::vector<std::optional<Value>> values;
  for (std::size_t i = 1; i < expression.parts.size(); ++i) {
    values.push_back(expression.parts[i] == nullptr ? std::nullopt : std::optional(evaluate(*expression.parts[i])));
  }
  return values;
}

const Value* Evaluator::find(std::string_view name) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    if (const auto found = scope->find(name); found != scope->end()) return &found->second;
  }
  return nullptr;
}

Value Evaluator::attribute(const Value& target, const std::string& name) {
  if (target.is(Value::Kind::Undefined)) {
    throw ValueError{"'" + *target.text + "' is undefined and has no '" + name + "'"};
  }
  if (target.is(Value::Kind::Loop)) return loop_attribute(*target.loop, name);
  if (target.is(Value::Kind::Namespace)) {
    const auto found = target.name_space->values.find(name);
    return found != target.name_space->values.end() ? found->second : undefined(name);
  }
  if (target.is(Value::Kind::Generator)) throw ValueError{name_of(target) + " has no attributes"};
  if (is_python_attribute(target, name)) throw ValueError{"'" + name + "' of " + name_of(target) + " is a method"};
  const Value* found = target.is(Value::Kind::Dict) ? entry(target, name, budget_) : nullptr;
  return found != nullptr ? *found : undefined(name);
}

Value Evaluator::loop_attribute(const Loop& loop, const std::string& name) {
  const auto number = [](std::size_t value) { return whole(static_cast<std::int64_t>(value)); };
  const std::size_t size = loop.items->size();
  if (loop.index >= size) throw ValueError{"a loop is used after its end"};
  if (name == "index") return number(loop.index + 1);
  if (name == "index0") return number(loop.index);
  if (name == "revindex") return number(size - loop.index);
  if (name == "revindex0") return number(size - loop.index - 1);
  if (name == "length") return number(size);
  if (name == "first") return boolean(loop.index == 0);
  if (name == "last") return boolean(loop.index + 1 == size);
  if (name == "previtem") return loop.index > 0 ? (*loop.items)[loop.index - 1] : undefined("loop.previtem");
  if (name == "nextitem") return loop.index + 1 < size ? (*loop.items)[loop.index + 1] : undefined("loop.nextitem");
  throw ValueError{"'loop." + name + "' is not supported"};
}

Value Evaluator::item(const Value& target, const Value& key, const Expression& expression) {
  if (target.is(Value::Kind::Undefined)) {
    const std::string what = key.is(Value::Kind::String) ? "'" + base::excerpt(*key.text) + "'" : "items";
    throw ValueError{"'" + *target.text + "' is undefined and has no " + what};
  }
  if (target.is(Value::Kind::View) || target.is(Value::Kind::Generator))
    throw ValueError{name_of(target) + " has no items by number"};
  if (key.is(Value::Kind::String)) {
    const Value* found = target.is(Value::Kind::Dict) ? entry(target, *key.text, budget_) : nullptr;
    return found != nullptr ? *found : attribute(target, *key.text);
  }
  if (!key.is_whole()) return undefined("an item");
  const auto at = [&](std::size_t size) -> std::optional<std::size_t> {
    const auto count = static_cast<std::int64_t>(size);
    const std::int64_t place = key.number < 0 ? key.number + count : key.number;
    return place < 0 || place >= count ? std::nullopt : std::optional(static_cast<std::size_t>(place));
  };
  if (target.has_items()) {
    const auto place = at(target.items->size());
    if (place) return (*target.items)[*place];
  } else if (target.is(Value::Kind::String)) {
    budget_.spend(2 * target.text->size());
    const auto place = at(base::count_characters(*target.text));
    if (place) return string(std::string(part_of(*target.text, *place, 1)), budget_);
  }
  const Expression& from = *expression.parts[0];
  return undefined((from.name.empty() ? "item " : from.name + "[") + std::to_string(key.number) +
                   (from.name.empty() ? "" : "]"));
}

Value Evaluator::slice(const Expression& expression) {
  const Value target = evaluate(*expression.parts[0]);
  std::optional<std::int64_t> bounds[3];
  bool whole_numbers = true;
  for (std::size_t i = 0; i < 3; ++i) {
    const Value bound = expression.parts[i + 1] == nullptr ? Value{} : evaluate(*expression.parts[i + 1]);
    if (bound.is_whole()) bounds[i] = bound.number;
    whole_numbers = whole_numbers && (bound.is_whole() || bound.is(Value::Kind::None));
  }
  if (target.is(Value::Kind::Undefined)) throw ValueError{"'" + *target.text + "' is undefined and has no items"};
  if (target.is(Value::Kind::View) || target.is(Value::Kind::Generator))
    throw ValueError{name_of(target) + " has no items by number"};
  if (!whole_numbers) throw ValueError{"the bounds of a slice are whole numbers"};
  if (!target.has_items() && !target.is(Value::Kind::String)) throw ValueError{name_of(target) + " has no slices"};
  const bool text = target.is(Value::Kind::String);
  if (text) budget_.spend(2 * target.text->size());
  const auto size = static_cast<std::int64_t>(text ? base::count_characters(*target.text) : target.items->size());
  const std::int64_t step = std::clamp<std::int64_t>(bounds[2].value_or(1), -size - 1, size + 1);
  if (step == 0) throw ValueError{"a slice by steps of 0"};
  const auto limited = [&](const std::optional<std::int64_t>& bound, std::int64_t otherwise) {
    if (!bound) return otherwise;
    const std::int64_t place = *bound < 0 ? *bound + size : *bound;
    return step > 0 ? std::clamp<std::int64_t>(place, 0, size) : std::clamp<std::int64_t>(place, -1, size - 1);
  };
  const std::int64_t from = limited(bounds[0], step > 0 ? 0 : size - 1);
  const std::int64_t to = limited(bounds[1], step > 0 ? size : -1);
  if (text && step == 1) {
    const auto count = static_cast<std::size_t>(std::max<std::int64_t>(0, to - from));
    return string(std::string(part_of(*target.text, static_cast<std::size_t>(from), count)), budget_);
  }
  const auto items = walked(target, budget_);
  Items kept;
  for (std::int64_t i = from; step > 0 ? i < to : i > to; i += step) {
    budget_.spend(sizeof(Value));
    kept.push_back((*items)[static_cast<std::size_t>(i)]);
  }
  if (!text) return list(std::move(kept), budget_, target.kind);
  std::string picked;
  for (const Value& character : kept) picked += *character.text;
  return string(std::move(picked), budget_);
}

Value Evaluator::call(const Expression& expression) {
  const Value* callee = find(expression.name);
  if (callee == nullptr) throw ValueError{"'" + expression.name + "' is undefined and cannot be called"};
  if (!callee->is(Value::Kind::Function)) throw ValueError{"'" + expression.name + "' is no function"};
  const auto which = static_cast<Function>(callee->number);
  const std::vector<Value> values = all(expression.parts);
  if (which == Function::Range) return call_range(values, budget_);
  if (which == Function::RaiseException) throw TemplateError{shown(printed(values.at(0), budget_))};
  budget_.spend(sizeof(Namespace) + 128 * values.size());
  Namespace& made = namespaces_.emplace_back();
  for (std::size_t i = 0; i < values.size(); ++i) {
    expect_kept(values[i]);
    made.values.insert_or_assign(expression.keywords[i], values[i]);
  }
  Value handle{.kind = Value::Kind::Namespace};
  handle.name_space = &made;
  return handle;
}

Value Evaluator::dict_of(const Expression& expression) {
  Entries entries;
  for (std::size_t i = 0; i < expression.parts.size(); i += 2) {
    const Value key = evaluate(*expression.parts[i]);
    if (!key.is(Value::Kind::String)) throw ValueError{"a key of a dict is a string, not " + name_of(key)};
    budget_.spend(key.text->size());
    entries.emplace_back(*key.text, evaluate(*expression.parts[i + 1]));
  }
  return dict(std::move(entries), budget_);
}

}  // namespace kiln::jinja
