// Values as text: what {{ }} prints, and tojson.
#include <algorithm>

#include "base/utf8.hpp"
#include "jinja/text.hpp"
#include "jinja/value.hpp"

namespace kiln::jinja {
namespace {

void append(std::string& out, std::string_view text, Budget& budget) {
  if (text.size() > kMostText || out.size() + text.size() > kMostText) {
    throw ValueError{"a string grows beyond 16 MiB"};
  }
  budget.spend(text.size());
  out += text;
}

// Inside a list or a dict: Python's repr.
void append_inner(std::string& out, const Value& value, Budget& budget);

void append_items(std::string& out, const Value& value, Budget& budget) {
  const bool tuple = value.is(Value::Kind::Tuple);
  const char* between = tuple ? "(" : "[";
  for (const Value& item : *value.items) {
    append(out, between, budget);
    append_inner(out, item, budget);
    between = ", ";
  }
  if (value.items->empty()) append(out, between, budget);
  append(out, tuple ? (value.items->size() == 1 ? ",)" : ")") : "]", budget);
}

void append_inner(std::string& out, const Value& value, Budget& budget) {
  budget.spend(1);
  if (value.is(Value::Kind::String)) {
    budget.spend(2 * value.text->size());  // looked at and quoted, before anything is known of the size
    const bool ascii = std::all_of(value.text->begin(), value.text->end(), base::is_ascii);
    if (!ascii) throw ValueError{"a list or dict with text beyond ASCII is printed without tojson"};
    return append(out, quoted_for_python(*value.text), budget);
  }
  if (value.is(Value::Kind::List) || value.is(Value::Kind::Tuple)) return append_items(out, value, budget);
  if (value.is(Value::Kind::Undefined)) return append(out, "Undefined", budget);
  if (!value.is(Value::Kind::Dict)) return append(out, printed(value, budget), budget);
  const char* between = "{";
  for (const auto& [key, inner] : *value.entries) {
    append(out, between, budget);
    budget.spend(key.size());
    append_inner(out, string(key, budget), budget);
    append(out, ": ", budget);
    append_inner(out, inner, budget);
    between = ", ";
  }
  append(out, value.entries->empty() ? "{}" : "}", budget);
}

class JsonWriter {
 public:
  JsonWriter(int indent, Budget& budget) : indent_(indent), budget_(budget) {}

  std::string write(const Value& value) {
    append_value(value, 0);
    return std::move(out_);
  }

 private:
  void break_line(int level) {
    if (indent_ < 0) return;
    append(out_, "\n" + std::string(static_cast<std::size_t>(indent_) * static_cast<std::size_t>(level), ' '), budget_);
  }

  void append_value(const Value& value, int level) {
    budget_.spend(1);
    switch (value.kind) {
      case Value::Kind::None:
        return append(out_, "null", budget_);
      case Value::Kind::Bool:
        return append(out_, value.number != 0 ? "true" : "false", budget_);
      case Value::Kind::Int:
        return append(out_, std::to_string(value.number), budget_);
      case Value::Kind::String:
        budget_.spend(2 * value.text->size());
        return append(out_, quoted_for_json(*value.text), budget_);
      case Value::Kind::List:
      case Value::Kind::Tuple:
        return append_all('[', *value.items, ']', level, [&](const Value& item) { append_value(item, level + 1); });
      case Value::Kind::Dict:
        return append_all('{', *value.entries, '}', level, [&](const auto& e) {
          budget_.spend(2 * e.first.size());
          append(out_, quoted_for_json(e.first) + ": ", budget_);
          append_value(e.second, level + 1);
        });
      default:
        throw ValueError{"tojson cannot write " + name_of(value)};
    }
  }

  template <class Container, class Each>
  void append_all(char open, const Container& all, char close, int level, Each&& each) {
    out_ += open;
    bool first = true;
    for (const auto& one : all) {
      if (!first) append(out_, indent_ < 0 ? ", " : ",", budget_);
      break_line(level + 1);
      each(one);
      first = false;
    }
    if (!first) break_line(level);
    out_ += close;
  }

  int indent_;
  Budget& budget_;
  std::string out_;
};

}  // namespace

std::string printed(const Value& value, Budget& budget) {
  std::string out;
  switch (value.kind) {
    case Value::Kind::Undefined:
      return "";
    case Value::Kind::None:
      return "None";
    case Value::Kind::Bool:
      return value.number != 0 ? "True" : "False";
    case Value::Kind::Int:
      return std::to_string(value.number);
    case Value::Kind::String:
      budget.spend(value.text->size());
      return *value.text;
    case Value::Kind::List:
    case Value::Kind::Tuple:
    case Value::Kind::Dict:
      append_inner(out, value, budget);
      return out;
    default:
      throw ValueError{name_of(value) + " cannot be printed"};
  }
}

std::string as_json(const Value& value, int indent, Budget& budget) { return JsonWriter(indent, budget).write(value); }

}  // namespace kiln::jinja
