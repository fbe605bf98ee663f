#include "jinja/functions.hpp"

#include <algorithm>
#include <charconv>

#include "base/utf8.hpp"
#include "jinja/text.hpp"

namespace kiln::jinja {
namespace {

using Kind = Value::Kind;

std::int64_t whole_or(const std::optional<Value>& value, std::int64_t otherwise, const char* what) {
  if (!value) return otherwise;
  if (!value->is_whole()) throw ValueError{std::string(what) + " is a whole number, not " + name_of(*value)};
  return value->number;
}

const std::string& text_of(const Value& value, const char* what) {
  if (!value.is(Kind::String)) throw ValueError{std::string(what) + " is a string, not " + name_of(value)};
  return *value.text;
}

// What looking costs beside a plain pass over the bytes: a hash a character, a search that may look again at a byte,
// and what each part that is cut out takes besides its bytes.
constexpr std::uint64_t kLookedUp = 4, kSearched = 4, kCut = 64;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Jinja2's filter title begins words after these, Python's method of that name after whatever is no letter.
bool divides_words(char c) {
  return std::string_view("-({[< \t\n\v\f\r\x1c\x1d\x1e\x1f").find(c) != std::string_view::npos;
}

// upper, lower, title (the filter: "titled"), capitalize.
std::string in_case(std::string text, std::string_view which) {
  bool after_letter = false;
  for (char& c : text) {
    if (!base::is_ascii(c)) throw ValueError{std::string(which) + " of text beyond ASCII"};
    const bool up = which == "upper" || (which != "lower" && !after_letter);
    const char shift = 'a' - 'A';
    if (is_letter(c)) c = static_cast<char>(up ? (c >= 'a' ? c - shift : c) : (c < 'a' ? c + shift : c));
    after_letter = which == "capitalize" || (which == "titled" ? !divides_words(c) : is_letter(c));
  }
  return text;
}

std::string stripped(std::string_view text, const std::optional<Value>& set, bool left, bool right, Budget& budget) {
  const bool any_space = !set || set->is(Kind::None);
  const std::string_view given = any_space ? std::string_view() : text_of(*set, "what is stripped");
  budget.spend(kLookedUp * (text.size() + given.size()));
  const CharacterSet which(given);
  if (left) text = any_space ? strip_left(text) : strip_left(text, which);
  if (right) text = any_space ? strip_right(text) : strip_right(text, which);
  return std::string(text);
}

std::string replaced(std::string_view text, std::string_view old, std::string_view by, std::int64_t most,
                     Budget& budget) {
  std::string out;
  std::size_t from = 0;
  const auto append = [&](std::string_view part) {
    if (out.size() + part.size() > kMostText) throw ValueError{"a string grows beyond 16 MiB"};
    budget.spend(part.size() + 1);
    out += part;
  };
  budget.spend(kSearched * (text.size() + old.size()));
  for (std::int64_t done = 0; most < 0 || done < most; ++done) {
    budget.spend(kCut);
    const std::size_t at = find(text, old, from);
    if (at == std::string_view::npos) break;
    append(text.substr(from, at - from));
    append(by);
    from = at + old.size();
    if (!old.empty()) continue;
    if (at == text.size()) break;  // between all characters and at both ends
    append(text.substr(at, base::character_bytes(text[at])));
    from = at + base::character_bytes(text[at]);
  }
  append(text.substr(std::min(from, text.size())));
  return out;
}

std::int64_t length_of(const Value& value, Budget& budget) {
  if (value.is(Kind::Undefined)) return 0;
  if (value.is(Kind::String)) {
    budget.spend(value.text->size());
    return static_cast<std::int64_t>(base::count_characters(*value.text));
  }
  if (value.is(Kind::Dict)) return static_cast<std::int64_t>(value.entries->size());
  if (value.is(Kind::Loop)) return static_cast<std::int64_t>(value.loop->items->size());
  if (value.has_items()) return static_cast<std::int64_t>(value.items->size());
  throw ValueError{name_of(value) + " has no length"};
}

Value as_whole(const Value& value, const std::optional<Value>& otherwise, Budget& budget) {
  if (value.is(Kind::Undefined)) throw ValueError{name_of(value) + " is no number"};
  if (value.is_whole()) return whole(value.number);
  if (value.is(Kind::String)) {
    budget.spend(kLookedUp * value.text->size());
    std::string_view text = strip_left(strip_right(*value.text));
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return whole(number);
    const bool plain =
        std::none_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || !base::is_ascii(c); });
    if (!plain) throw ValueError{"int takes only decimal whole numbers of 64 bits"};
  }
  return otherwise ? *otherwise : whole(0);
}

Value joined(const Value& target, const std::optional<Value>& separator, Budget& budget) {
  const std::string between = separator ? printed(*separator, budget) : std::string();
  std::string out;
  bool first = true;
  const auto items = walked(target, budget);
  for (const Value& item : *items) {
    const std::string part = printed(item, budget);
    const std::string_view before = first ? std::string_view() : between;
    if (out.size() + before.size() + part.size() > kMostText) throw ValueError{"a string grows beyond 16 MiB"};
    budget.spend(before.size() + part.size() + Budget::kNode);
    out += before;
    out += part;
    first = false;
  }
  return string(std::move(out), budget);
}

Value items_of(const Value& target, Budget& budget) {
  Items pairs;
  for (const auto& [key, value] : *target.entries) {
    budget.spend(key.size() + sizeof(Value));
    pairs.push_back(list({string(key, budget), value}, budget, Kind::Tuple));
  }
  return list(std::move(pairs), budget, Kind::View);
}

Value call_dict_method(std::string_view name, const Value& target, Arguments arguments, Budget& budget) {
  if (name == "items") return items_of(target, budget);
  if (name == "keys") return list(Items(*walked(target, budget)), budget, Kind::View);
  if (name == "values") {
    Items values;
    budget.spend(target.entries->size() * sizeof(Value));
    for (const auto& [key, value] : *target.entries) values.push_back(value);
    return list(std::move(values), budget, Kind::View);
  }
  if (arguments[0]->kind >= Kind::List) throw ValueError{name_of(*arguments[0]) + " cannot be a key of a dict"};
  const Value* found = arguments[0]->is(Kind::String) ? entry(target, *arguments[0]->text, budget) : nullptr;
  return found != nullptr ? *found : arguments[1] ? *arguments[1] : Value{};
}

Value split_of(const Value& target, Arguments arguments, Budget& budget) {
  const bool by_space = !arguments[0] || arguments[0]->is(Kind::None);
  const std::string_view separator = by_space ? std::string_view() : text_of(*arguments[0], "the separator");
  if (!by_space && separator.empty()) throw ValueError{"split by an empty string"};
  budget.spend(kSearched * (target.text->size() + separator.size()));
  Items parts;
  const auto pay = [&] { budget.spend(kCut + sizeof(Value)); };
  for (std::string_view part : split(*target.text, separator, whole_or(arguments[1], -1, "the number of cuts"), pay)) {
    budget.spend(part.size());
    parts.push_back(string(std::string(part), budget));
  }
  return list(std::move(parts), budget);
}

}  // namespace

Value call_filter(std::string_view name, const Value& target, Arguments arguments, Budget& budget) {
  if (is_sequence_filter(name)) return call_sequence_filter(name, target, arguments, budget);
  if (name == "default" || name == "d") {
    const bool also_false = arguments[1] && is_true(*arguments[1]);
    const bool missing = target.is(Kind::Undefined) || (also_false && !is_true(target));
    return !missing ? target : arguments[0] ? *arguments[0] : string("", budget);
  }
  if (name == "length" || name == "count") return whole(length_of(target, budget));
  if (name == "tojson") {
    const bool one_line = !arguments[0] || arguments[0]->is(Kind::None);
    const std::int64_t indent = one_line ? -1 : std::max<std::int64_t>(0, whole_or(arguments[0], 0, "tojson's indent"));
    if (indent > 100) throw ValueError{"tojson indents by more than 100"};
    return string(as_json(target, static_cast<int>(indent), budget), budget);
  }
  if (name == "int") return as_whole(target, arguments[0], budget);
  if (name == "list") {
    const auto items = walked(target, budget);
    budget.spend(items->size() * sizeof(Value));
    return list(*items, budget);
  }
  if (name == "join") return joined(target, arguments[0], budget);
  if (name == "items") {
    if (target.is(Kind::Undefined)) return list({}, budget, Kind::View);
    if (!target.is(Kind::Dict)) throw ValueError{"items is for a dict, not " + name_of(target)};
    return items_of(target, budget);
  }
  if (name == "first" || name == "last") {
    if (name == "last" && target.is(Kind::Generator)) throw ValueError{name_of(target) + " has no last item"};
    const auto items = walked(target, budget);
    if (items->empty()) return undefined("the " + std::string(name) + " of nothing");
    return name == "first" ? items->front() : items->back();
  }
  std::string text = printed(target, budget);
  if (name == "string") return string(std::move(text), budget);
  if (name == "trim") return string(stripped(text, arguments[0], true, true, budget), budget);
  if (name == "replace") {
    const std::int64_t most =
        !arguments[2] || arguments[2]->is(Kind::None) ? -1 : whole_or(arguments[2], 0, "the count");
    return string(replaced(text, printed(*arguments[0], budget), printed(*arguments[1], budget), most, budget), budget);
  }
  return string(in_case(std::move(text), name == "title" ? "titled" : name), budget);
}

bool call_test(std::string_view name, const Value& target, Arguments arguments, Budget& budget) {
  if (name == "defined") return !target.is(Kind::Undefined);
  if (name == "undefined") return target.is(Kind::Undefined);
  if (name == "none") return target.is(Kind::None);
  if (name == "string") return target.is(Kind::String);
  if (name == "mapping") return target.is(Kind::Dict);
  if (name == "number") return target.is_whole();
  if (name == "integer") return target.is(Kind::Int);
  if (name == "boolean") return target.is(Kind::Bool);
  if (name == "true" || name == "false") return target.is(Kind::Bool) && (target.number != 0) == (name == "true");
  if (name == "eq" || name == "equalto") return are_equal(target, *arguments[0], budget);
  if (name == "ne") return !are_equal(target, *arguments[0], budget);
  if (name == "in") return contains(*arguments[0], target, budget);
  if (name == "odd" || name == "even") {
    if (!target.is_whole()) throw ValueError{std::string(name) + " is for numbers, not " + name_of(target)};
    return (target.number % 2 != 0) == (name == "odd");
  }
  const bool sequence = target.is(Kind::Undefined) || target.is(Kind::String) || target.is(Kind::Dict) ||
                        target.is(Kind::List) || target.is(Kind::Tuple);
  return sequence ||
         (name == "iterable" && (target.is(Kind::View) || target.is(Kind::Generator) || target.is(Kind::Loop)));
}

Value call_method(std::string_view name, const Value& target, Arguments arguments, Budget& budget) {
  const bool of_dict = name == "items" || name == "keys" || name == "values" || name == "get";
  if (!target.is(of_dict ? Kind::Dict : Kind::String)) {
    throw ValueError{name_of(target) + " has no method '" + std::string(name) + "'"};
  }
  if (of_dict) return call_dict_method(name, target, arguments, budget);
  const std::string& text = *target.text;
  budget.spend(text.size());
  if (name == "strip") return string(stripped(text, arguments[0], true, true, budget), budget);
  if (name == "lstrip") return string(stripped(text, arguments[0], true, false, budget), budget);
  if (name == "rstrip") return string(stripped(text, arguments[0], false, true, budget), budget);
  if (name == "split") return split_of(target, arguments, budget);
  if (name == "startswith") return boolean(text.starts_with(text_of(*arguments[0], "the beginning")));
  if (name == "endswith") return boolean(text.ends_with(text_of(*arguments[0], "the end")));
  if (name != "replace") return string(in_case(text, name), budget);
  const std::string& old = text_of(*arguments[0], "what is replaced");
  const std::string& by = text_of(*arguments[1], "the replacement");
  return string(replaced(text, old, by, whole_or(arguments[2], -1, "the count"), budget), budget);
}

Value call_range(std::span<const Value> arguments, Budget& budget) {
  constexpr std::int64_t kMost = 100000;  // Jinja2's own limit in its sandbox
  for (const Value& argument : arguments) {
    if (!argument.is_whole()) throw ValueError{"range takes whole numbers, not " + name_of(argument)};
    constexpr std::int64_t kLarge = std::int64_t{1} << 31;
    if (argument.number > kLarge || argument.number < -kLarge) throw ValueError{"range of large numbers"};
  }
  const std::int64_t from = arguments.size() > 1 ? arguments[0].number : 0;
  const std::int64_t to = arguments.size() > 1 ? arguments[1].number : arguments[0].number;
  const std::int64_t step = arguments.size() > 2 ? arguments[2].number : 1;
  if (step == 0) throw ValueError{"range by steps of 0"};
  Items items;
  for (std::int64_t i = from; step > 0 ? i < to : i > to; i += step) {
    if (static_cast<std::int64_t>(items.size()) >= kMost) throw ValueError{"range of more than 100000 numbers"};
    budget.spend(sizeof(Value));
    items.push_back(whole(i));
  }
  return list(std::move(items), budget, Kind::View);
}

}  // namespace kiln::jinja
