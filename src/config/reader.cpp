#include "config/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "config/ranges.hpp"
#include "json/keys.hpp"

namespace kiln::config {
namespace {

std::string shown(const json::Value& found) {
  if (found.is_object()) return "an object";
  if (found.is_array()) return "an array";
  if (found.is_text()) return fmt::format("\"{}\"", printable(found.text()));
  return json::write(found);
}

std::string with_unit(std::string_view kind, const std::string& range, std::string_view unit) {
  return fmt::format("{} {}{}{}", kind, range, unit.empty() ? "" : " ", unit);
}

}  // namespace

void Reader::read(const std::function<void()>& fields) {
  if (!root_.is_object()) {
    errors_.add("", fmt::format("is {}; expected an object", shown(root_)));
    return;
  }
  visit(root_, "", fields);
}

void Reader::list_below(std::string_view key, const std::function<void()>& fields) {
  static const json::Value kNothing{json::Object()};
  if (scopes_.back().listing) return;
  std::string pointer = join_pointer(scopes_.back().pointer, key);
  scopes_.push_back({&kNothing, pointer, {}, true});
  fields();
  const Scope listed = std::move(scopes_.back());
  scopes_.pop_back();
  for (const auto& name : listed.known) scopes_.back().below.emplace_back(name, pointer);
}

void Reader::enter(std::string_view key, const json::Value& found, const std::function<void()>& fields) {
  if (found.is_object()) {
    visit(found, join_pointer(scopes_.back().pointer, key), fields);
  } else {
    reject(key, found, "an object");
  }
}

void Reader::visit(const json::Value& node, std::string pointer, const std::function<void()>& fields) {
  scopes_.push_back({&node, std::move(pointer), {}});
  fields();
  report_unknown(scopes_.back());
  scopes_.pop_back();
}

void Reader::report_unknown(const Scope& scope) {
  for (const auto key : json::unknown_keys(scope.node->object(), scope.known)) {
    std::string places;
    for (const auto& [name, pointer] : scope.below)
      if (name == key) places += (places.empty() ? "" : " or ") + pointer;
    if (!places.empty()) {
      errors_.add(join_pointer(scope.pointer, printable(key)), "is not a known key; it belongs to " + places);
      continue;
    }
    const auto near = errors_.full() ? std::nullopt : json::nearest_key(key, scope.known);
    std::string hint = near ? "the nearest is " + join_pointer(scope.pointer, *near) : "known here are ";
    if (!near) {
      for (const auto& known : scope.known) hint += (&known == &scope.known.front() ? "" : ", ") + known;
    }
    errors_.add(join_pointer(scope.pointer, printable(key)), "is not a known key; " + hint);
  }
}

const json::Value* Reader::find(std::string_view key, Need need, const std::string& allowed) {
  Scope& scope = scopes_.back();
  scope.known.emplace_back(key);
  if (const json::Value* found = scope.node->find(key)) return found;
  if (need == Need::Required && !scope.listing)
    errors_.add(join_pointer(scope.pointer, key), "is missing; expected " + allowed);
  return nullptr;
}

void Reader::reject(std::string_view key, const json::Value& found, const std::string& allowed) {
  errors_.add(join_pointer(scopes_.back().pointer, key), fmt::format("is {}; allowed: {}", shown(found), allowed));
}

bool Reader::whole(std::string_view key, std::uint32_t& value, const std::string& words, Integers allowed,
                   bool may_be_auto, Need need) {
  const json::Value* found = find(key, need, words);
  if (found == nullptr) return false;
  // A whole number has no sign; beyond 64 bits it is a double.
  const bool fits = found->is_whole() && found->whole() >= allowed.minimum && found->whole() <= allowed.maximum;
  if (fits) {
    value = static_cast<std::uint32_t>(found->whole());
  } else if (may_be_auto && found->is_text() && found->text() == kAuto) {
    value = kAutomatic;
  } else {
    reject(key, *found, words);
  }
  return true;
}

bool Reader::integer(std::string_view key, std::uint32_t& value, std::string_view unit, Integers allowed, Need need) {
  return whole(key, value, with_unit("an integer from", in_words(allowed), unit), allowed, false, need);
}

bool Reader::latency(std::string_view key, std::uint32_t& value, Integers allowed, Need need) {
  const auto words = with_unit("an integer from", in_words(allowed), "cycles") + R"(, or "auto")";
  return whole(key, value, words, allowed, true, need);
}

bool Reader::real(std::string_view key, double& value, std::string_view unit, Reals allowed, Need need) {
  const auto words = with_unit(allowed.above_minimum ? "a number" : "a number from", in_words(allowed), unit);
  const json::Value* found = find(key, need, words);
  if (found == nullptr) return false;
  const double number = found->is_number() ? found->number() : std::nan("");
  const bool fits = std::isfinite(number) && number <= allowed.maximum &&
                    (allowed.above_minimum ? number > allowed.minimum : number >= allowed.minimum);
  if (fits) {
    value = number;
  } else {
    reject(key, *found, words);
  }
  return true;
}

bool Reader::flag(std::string_view key, bool& value, Need need) {
  const json::Value* found = find(key, need, "true or false");
  if (found == nullptr) return false;
  if (found->is_boolean()) {
    value = found->boolean();
  } else {
    reject(key, *found, "true or false");
  }
  return true;
}

bool Reader::text(std::string_view key, std::string& value, Text kind, Need need) {
  const auto words = kind == Text::Name ? fmt::format("a text of 1 to {} bytes", kMaximumNameBytes) : "a text";
  const json::Value* found = find(key, need, words);
  if (found == nullptr) return false;
  const std::string* text = found->is_text() ? &found->text() : nullptr;
  if (text != nullptr && (kind == Text::Note || is_name(*text))) {
    value = *text;
  } else if (text != nullptr && !text->empty() && text->size() <= kMaximumNameBytes) {
    reject(key, *found, words + " without control characters");
  } else {
    reject(key, *found, words);
  }
  return true;
}

bool Reader::one_of(std::string_view key, int& value, std::string_view unit, std::span<const int> allowed, Need need) {
  const auto words = with_unit("", in_words(allowed), unit).substr(1);
  const json::Value* found = find(key, need, words);
  if (found == nullptr) return false;
  const auto matches = [&](int a) { return found->is_whole() && found->whole() == static_cast<std::uint64_t>(a); };
  const auto match = std::find_if(allowed.begin(), allowed.end(), matches);
  if (match != allowed.end()) {
    value = *match;
  } else {
    reject(key, *found, words);
  }
  return true;
}

bool Reader::word(std::string_view key, std::size_t& index, std::span<const std::string_view> words, Need need) {
  const json::Value* found = find(key, need, in_words(words));
  if (found == nullptr) return false;
  const auto matches = [&](std::string_view w) { return found->is_text() && found->text() == w; };
  const auto match = std::find_if(words.begin(), words.end(), matches);
  if (match != words.end()) {
    index = static_cast<std::size_t>(match - words.begin());
  } else {
    reject(key, *found, in_words(words));
  }
  return true;
}

bool Reader::notes(std::string_view key, std::map<std::string, std::string>& value) {
  const json::Value* found = find(key, Need::Optional, "an object of sentences");
  if (found == nullptr) return false;
  if (!found->is_object()) {
    reject(key, *found, "an object of sentences");
    return true;
  }
  const std::string pointer = join_pointer(scopes_.back().pointer, key);
  for (const auto& [name, sentence] : found->object()) {
    if (sentence.is_text()) {
      value[name] = sentence.text();
    } else {
      errors_.add(join_pointer(pointer, printable(name)), fmt::format("is {}; allowed: a sentence", shown(sentence)));
    }
  }
  return true;
}

bool Reader::object(std::string_view key, const std::function<void()>& fields, Need need) {
  const json::Value* found = find(key, need, "an object");
  if (found == nullptr) return false;
  enter(key, *found, fields);
  return true;
}

bool Reader::alternative(std::string_view key, bool& given, bool chosen, const std::function<void()>& fields) {
  const json::Value* found =
      find(key, chosen ? Need::Required : Need::Optional, "an object with its parameters, for it is chosen");
  list_below(key, fields);
  given = found != nullptr;
  if (given) enter(key, *found, fields);
  return given;
}

bool Reader::variant(std::string_view key, bool& given, std::string_view, const std::function<void()>& fields) {
  return alternative(key, given, false, fields);
}

bool Reader::object_or_null(std::string_view key, bool& present, const std::function<void()>& fields, Need need) {
  const json::Value* found = find(key, need, "an object or null");
  present = found != nullptr && found->is_object();
  if (present) {
    visit(*found, join_pointer(scopes_.back().pointer, key), fields);
  } else if (found != nullptr && !found->is_null()) {
    reject(key, *found, "an object or null");
  }
  return found != nullptr;
}

bool Reader::object_or_auto(std::string_view key, const std::function<void()>& fields) {
  const auto allowed = fmt::format("an object or \"{}\"", kAuto);
  const json::Value* found = find(key, Need::Required, allowed);
  if (found == nullptr) return false;
  if (found->is_object())
    visit(*found, join_pointer(scopes_.back().pointer, key), fields);
  else if (!found->is_text() || found->text() != kAuto)
    reject(key, *found, allowed);
  return true;
}

}  // namespace kiln::config
