// Tables of names: what may be called, and with what.
#include <algorithm>

#include "jinja/functions.hpp"

namespace kiln::jinja {
namespace {

using Kind = Value::Kind;

const Signature* find_in(std::span<const Signature> all, std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Signature& s) { return s.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

const Signature* find_filter(std::string_view name) {
  static const std::vector<Signature> kFilters = {
      {"trim", {"chars"}},
      {"length", {}},
      {"count", {}},
      {"upper", {}},
      {"lower", {}},
      {"title", {}},
      {"capitalize", {}},
      {"tojson", {"indent"}, 0, true},
      {"default", {"default_value", "boolean"}},
      {"d", {"default_value", "boolean"}},
      {"first", {}},
      {"last", {}},
      {"join", {"d"}},
      {"replace", {"old", "new", "count"}, 2},
      {"string", {}},
      {"int", {"default"}},
      {"list", {}},
      {"items", {}},
      {"select", {"", ""}},
      {"reject", {"", ""}},
      {"selectattr", {"", "", ""}, 1},
      {"rejectattr", {"", "", ""}, 1},
      {"map", {"", "", "", "attribute", "default"}},
  };
  return find_in(kFilters, name);
}

const Signature* find_test(std::string_view name) {
  static const std::vector<Signature> kTests = {
      {"defined", {}},  {"undefined", {}}, {"none", {}},    {"string", {}},  {"mapping", {}},      {"iterable", {}},
      {"sequence", {}}, {"number", {}},    {"integer", {}}, {"boolean", {}}, {"true", {}},         {"false", {}},
      {"odd", {}},      {"even", {}},      {"eq", {""}, 1}, {"ne", {""}, 1}, {"equalto", {""}, 1}, {"in", {""}, 1},
  };
  return find_in(kTests, name);
}

const Signature* find_method(std::string_view name) {
  static const std::vector<Signature> kMethods = {
      {"strip", {""}},
      {"lstrip", {""}},
      {"rstrip", {""}},
      {"split", {"sep", "maxsplit"}},
      {"startswith", {""}, 1},
      {"endswith", {""}, 1},
      {"upper", {}},
      {"lower", {}},
      {"title", {}},
      {"capitalize", {}},
      {"replace", {"", "", ""}, 2},
      {"items", {}},
      {"keys", {}},
      {"values", {}},
      {"get", {"", ""}, 1},
  };
  return find_in(kMethods, name);
}

bool is_python_attribute(const Value& value, std::string_view name) {
  static const std::vector<std::string_view> kDict = {"clear", "copy",    "fromkeys",   "get",    "items", "keys",
                                                      "pop",   "popitem", "setdefault", "update", "values"};
  static const std::vector<std::string_view> kList = {"append", "clear", "copy",   "count",   "extend", "index",
                                                      "insert", "pop",   "remove", "reverse", "sort"};
  static const std::vector<std::string_view> kNumber = {"as_integer_ratio", "bit_count",  "bit_length", "conjugate",
                                                        "denominator",      "from_bytes", "imag",       "is_integer",
                                                        "numerator",        "real",       "to_bytes"};
  static const std::vector<std::string_view> kString = {
      "capitalize", "casefold",     "center",       "count",   "encode",     "endswith",    "expandtabs",
      "find",       "format",       "format_map",   "index",   "isalnum",    "isalpha",     "isascii",
      "isdecimal",  "isdigit",      "isidentifier", "islower", "isnumeric",  "isprintable", "isspace",
      "istitle",    "isupper",      "join",         "ljust",   "lower",      "lstrip",      "maketrans",
      "partition",  "removeprefix", "removesuffix", "replace", "rfind",      "rindex",      "rjust",
      "rpartition", "rsplit",       "rstrip",       "split",   "splitlines", "startswith",  "strip",
      "swapcase",   "title",        "translate",    "upper",   "zfill"};
  static const std::vector<std::string_view> kView = {"mapping", "isdisjoint", "start", "stop",
                                                      "step",    "count",      "index"};
  static const std::vector<std::string_view> kNone;
  const auto& all = value.is(Kind::Dict)                            ? kDict
                    : value.is(Kind::List) || value.is(Kind::Tuple) ? kList
                    : value.is_whole()                              ? kNumber
                    : value.is(Kind::String)                        ? kString
                    : value.is(Kind::View)                          ? kView
                                                                    : kNone;
  return std::find(all.begin(), all.end(), name) != all.end();
}

}  // namespace kiln::jinja
