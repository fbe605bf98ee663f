#include "sweep/formula.hpp"

#include <fmt/format.h>
#include <muParser.h>

#include <cmath>
#include <deque>

#include "base/text.hpp"

namespace kiln::sweep {
namespace {

constexpr std::size_t kLongest = 4096;  // characters

mu::Parser parser_of(const std::string& text) {
  mu::Parser parser;
  parser.DefineNameChars("0123456789_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.");
  parser.DefineFun("ceil", [](double x) { return std::ceil(x); });
  parser.DefineFun("floor", [](double x) { return std::floor(x); });
  parser.SetExpr(text);
  return parser;
}

/// muParser would take "a = 3" as an assignment.
bool assigns(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') continue;
    if (i + 1 < text.size() && text[i + 1] == '=') {
      ++i;
      continue;
    }
    if (i == 0 || std::string_view("<>!").find(text[i - 1]) == std::string_view::npos) return true;
  }
  return false;
}

base::Error wrong(const std::string& text, std::string_view why) {
  return base::Error{
      fmt::format("\"{}\" is no formula: {}; names, numbers, + - * /, min, max, ceil, floor, "
                  "parentheses and comparisons are expected",
                  base::excerpt(base::without_controls(text)), why)};
}

}  // namespace

base::Result<Formula> Formula::parse(const std::string& text) {
  if (text.find_first_not_of(" \t") == text.npos) return wrong(text, "it is empty");
  if (text.size() > kLongest) return wrong(text, fmt::format("it has more than {} characters", kLongest));
  if (assigns(text)) return wrong(text, "\"=\" sets a value; \"==\" compares");
  Formula formula;
  formula.text_ = text;
  try {
    auto parser = parser_of(text);
    for (const auto& [name, unused] : parser.GetUsedVar()) formula.names_.push_back(name);
    // What is wrong with more than the names comes out where it is computed.
    std::deque<double> values(formula.names_.size(), 1.0);
    for (std::size_t i = 0; i < values.size(); ++i) parser.DefineVar(formula.names_[i], &values[i]);
    parser.Eval();
  } catch (const mu::ParserError& e) {
    return wrong(text, fmt::format("\"{}\" at character {} is not expected there", base::without_controls(e.GetToken()),
                                   e.GetPos() + 1));
  }
  return formula;
}

std::optional<double> Formula::value(const std::function<std::optional<double>(const std::string&)>& value_of) const {
  std::deque<double> values;
  try {
    auto parser = parser_of(text_);
    for (const auto& name : names_) {
      const auto found = value_of(name);
      if (!found) return std::nullopt;
      parser.DefineVar(name, &values.emplace_back(*found));
    }
    const double result = parser.Eval();
    if (!std::isfinite(result)) return std::nullopt;
    return result;
  } catch (const mu::ParserError&) {
    return std::nullopt;
  }
}

}  // namespace kiln::sweep
