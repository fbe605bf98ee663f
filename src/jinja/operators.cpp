// The operators between values.
#include "jinja/evaluate.hpp"
#include "jinja/text.hpp"

namespace kiln::jinja {
namespace {

/// `count` times the text; what is there is doubled, so that a million of one letter are twenty steps.
std::string copies(const std::string& text, std::size_t count) {
  const std::size_t size = text.size() * count;
  std::string all;
  all.reserve(size);
  if (count > 0) all = text;
  while (all.size() < size) all.append(all, 0, size - all.size());
  return all;
}

}  // namespace

Value Evaluator::compare(const Expression& expression) {
  Value left = evaluate(*expression.parts[0]);
  for (std::size_t i = 0; i < expression.keywords.size(); ++i) {
    Value right = evaluate(*expression.parts[i + 1]);
    if (!holds(left, expression.keywords[i], right)) return boolean(false);
    left = std::move(right);
  }
  return boolean(true);
}

bool Evaluator::holds(const Value& left, const std::string& sign, const Value& right) {
  if (sign == "==") return are_equal(left, right, budget_);
  if (sign == "!=") return !are_equal(left, right, budget_);
  if (sign == "in") return contains(right, left, budget_);
  if (sign == "not in") return !contains(right, left, budget_);
  int order = 0;
  if (left.is_whole() && right.is_whole()) {
    order = left.number < right.number ? -1 : left.number > right.number ? 1 : 0;
  } else if (left.is(Value::Kind::String) && right.is(Value::Kind::String)) {
    budget_.spend(std::min(left.text->size(), right.text->size()));
    order = left.text->compare(*right.text);  // UTF-8 sorts as code points do
  } else {
    throw ValueError{"'" + sign + "' does not order " + name_of(left) + " and " + name_of(right)};
  }
  return sign == "<" ? order < 0 : sign == "<=" ? order <= 0 : sign == ">" ? order > 0 : order >= 0;
}

Value Evaluator::concatenate(const Expression& expression) {
  std::string text;
  for (const auto& part : expression.parts) {
    const std::string added = printed(evaluate(*part), budget_);
    if (text.size() + added.size() > kMostText) throw ValueError{"a string grows beyond 16 MiB"};
    budget_.spend(added.size());
    text += added;
  }
  return string(std::move(text), budget_);
}

Value Evaluator::arithmetic(const std::string& sign, const Value& left, const Value& right) {
  if (left.is_whole() && right.is_whole()) {
    const std::int64_t a = left.number;
    const std::int64_t b = right.number;
    std::int64_t result = 0;
    bool overflow = false;
    if (sign == "+") {
      overflow = __builtin_add_overflow(a, b, &result);
    } else if (sign == "-") {
      overflow = __builtin_sub_overflow(a, b, &result);
    } else if (sign == "*") {
      overflow = __builtin_mul_overflow(a, b, &result);
    } else if (b == 0) {
      throw ValueError{"a division by 0"};
    } else if (b == -1) {  // the one quotient that may overflow
      overflow = sign == "//" && __builtin_sub_overflow(0, a, &result);
    } else {  // Python rounds down
      const std::int64_t rest = a % b;
      const bool down = rest != 0 && (rest < 0) != (b < 0);
      result = sign == "%" ? (down ? rest + b : rest) : (down ? a / b - 1 : a / b);
    }
    if (overflow) throw ValueError{"a number leaves 64 bits"};
    return whole(result);
  }
  if (sign == "+" && left.is(Value::Kind::String) && right.is(Value::Kind::String)) {
    if (left.text->size() + right.text->size() > kMostText) throw ValueError{"a string grows beyond 16 MiB"};
    budget_.spend(left.text->size() + right.text->size());
    return string(*left.text + *right.text, budget_);
  }
  const bool lists = left.has_items() && left.kind == right.kind && !left.is(Value::Kind::View);
  if (sign == "+" && lists) {
    budget_.spend((left.items->size() + right.items->size()) * sizeof(Value));
    Items both = *left.items;
    both.insert(both.end(), right.items->begin(), right.items->end());
    return list(std::move(both), budget_, left.kind);
  }
  if (sign == "*" && right.is_whole()) return repeated(left, right.number);
  if (sign == "*" && left.is_whole()) return repeated(right, left.number);
  throw ValueError{"'" + sign + "' does not join " + name_of(left) + " and " + name_of(right)};
}

Value Evaluator::repeated(const Value& sequence, std::int64_t times) {
  const bool text = sequence.is(Value::Kind::String);
  if (!text && !sequence.is(Value::Kind::List) && !sequence.is(Value::Kind::Tuple)) {
    throw ValueError{"'*' does not repeat " + name_of(sequence)};
  }
  const std::size_t size = text ? sequence.text->size() : sequence.items->size() * sizeof(Value);
  const std::size_t count = size == 0 || times < 0 ? 0 : static_cast<std::size_t>(times);
  if (size != 0 && count > kMostText / size) throw ValueError{"a repetition grows beyond 16 MiB"};
  budget_.spend(size * count);
  if (text) return string(copies(*sequence.text, count), budget_);
  Items items;
  for (std::size_t i = 0; i < count; ++i) items.insert(items.end(), sequence.items->begin(), sequence.items->end());
  return list(std::move(items), budget_, sequence.kind);
}

}  // namespace kiln::jinja
