#include "sweep/formula.hpp"

#include <fmt/format.h>
#include <muParser.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

#include "base/text.hpp"

namespace kiln::sweep {
namespace {

constexpr std::size_t kLongest = 4096;  // characters

double compared(bool holds) { return holds ? 1 : 0; }

/// A quotient without a value makes the whole formula have none, within comparisons too.
double divided(double a, double b) {
  if (b == 0) throw mu::ParserError("a division by 0");
  return a / b;
}

double divided_by_anything(double a, double b) { return b == 0 ? 0 : a / b; }

double least(const double* values, int count) { return *std::min_element(values, values + count); }
double most(const double* values, int count) { return *std::max_element(values, values + count); }

/// With what docs/sweep.md lists, and nothing of what muParser has beside that.
mu::Parser parser_of(const std::string& text) {
  mu::Parser parser;
  parser.ClearFun();
  parser.ClearConst();
  parser.ClearPostfixOprt();
  parser.EnableBuiltInOprt(false);
  parser.DefineNameChars("0123456789_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.");
  parser.DefineFun("ceil", [](double x) { return std::ceil(x); });
  parser.DefineFun("floor", [](double x) { return std::floor(x); });
  parser.DefineFun("min", least);
  parser.DefineFun("max", most);
  parser.DefineOprt(
      "||", [](double a, double b) { return compared(a != 0 || b != 0); }, mu::prLOR);
  parser.DefineOprt(
      "&&", [](double a, double b) { return compared(a != 0 && b != 0); }, mu::prLAND);
  parser.DefineOprt(
      "==", [](double a, double b) { return compared(a == b); }, mu::prCMP);
  parser.DefineOprt(
      "!=", [](double a, double b) { return compared(a != b); }, mu::prCMP);
  parser.DefineOprt(
      "<=", [](double a, double b) { return compared(a <= b); }, mu::prCMP);
  parser.DefineOprt(
      ">=", [](double a, double b) { return compared(a >= b); }, mu::prCMP);
  parser.DefineOprt(
      "<", [](double a, double b) { return compared(a < b); }, mu::prCMP);
  parser.DefineOprt(
      ">", [](double a, double b) { return compared(a > b); }, mu::prCMP);
  parser.DefineOprt(
      "+", [](double a, double b) { return a + b; }, mu::prADD_SUB);
  parser.DefineOprt(
      "-", [](double a, double b) { return a - b; }, mu::prADD_SUB);
  parser.DefineOprt(
      "*", [](double a, double b) { return a * b; }, mu::prMUL_DIV);
  parser.DefineOprt("/", divided, mu::prMUL_DIV);
  parser.SetExpr(text);
  return parser;
}

/// Of the only value; several are separated by commas.
std::optional<double> result_of(mu::Parser& parser) {
  int count = 0;
  const double* results = parser.Eval(count);
  if (count != 1 || !std::isfinite(results[0])) return std::nullopt;
  return results[0];
}

/// "1 <= x <= 10" compares the answer of the first comparison with 10.
bool compares_twice(const std::string& text) {
  std::vector<int> comparisons = {0};
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '(') comparisons.push_back(0);
    if (c == ')' && comparisons.size() > 1) comparisons.pop_back();
    if (c == '&' || c == '|' || c == ',') comparisons.back() = 0;
    if (c == '<' || c == '>' || ((c == '=' || c == '!') && i + 1 < text.size() && text[i + 1] == '=')) {
      if (++comparisons.back() > 1) return true;
      if (i + 1 < text.size() && text[i + 1] == '=') ++i;
    }
  }
  return false;
}

base::Error wrong(const std::string& text, std::string_view why) {
  return base::Error{
      fmt::format("\"{}\" is no formula: {}; names, numbers, + - * /, min, max, ceil, floor, "
                  "parentheses and comparisons are expected",
                  base::excerpt(base::without_controls(text)), why)};
}

/// "a = 3"
bool assigns(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') continue;
    if (i + 1 < text.size() && text[i + 1] == '=') {
      ++i;
    } else if (i == 0 || std::string_view("<>!").find(text[i - 1]) == std::string_view::npos) {
      return true;
    }
  }
  return false;
}

/// What muParser would take another way, or refuse with other words.
std::string_view misread(const std::string& text) {
  if (text.find_first_not_of(" \t") == text.npos) return "it is empty";
  if (text.find_first_of("?:\"") != text.npos) return "it has ?, : or \"";
  if (assigns(text)) return "\"=\" sets a value; \"==\" compares";
  if (compares_twice(text)) return "it compares what was compared; && joins two comparisons";
  return "";
}

}  // namespace

base::Result<Formula> Formula::parse(const std::string& text) {
  if (text.size() > kLongest) return wrong(text, fmt::format("it has more than {} characters", kLongest));
  if (const auto why = misread(text); !why.empty()) return wrong(text, why);
  Formula formula;
  formula.text_ = text;
  try {
    auto parser = parser_of(text);
    for (const auto& [name, unused] : parser.GetUsedVar()) formula.names_.push_back(name);
    // What is wrong with more than the names comes out where it is computed. Whether something is divided by 0 is known
    // only where there are no names.
    if (!formula.names_.empty()) parser.DefineOprt("/", divided_by_anything, mu::prMUL_DIV);
    std::deque<double> values(formula.names_.size(), 1);
    for (std::size_t i = 0; i < values.size(); ++i) parser.DefineVar(formula.names_[i], &values[i]);
    int count = 0;
    parser.Eval(count);
    if (count != 1) return wrong(text, "it has a comma outside min and max");
  } catch (const mu::ParserError& e) {
    if (e.GetToken().empty()) return wrong(text, base::without_controls(e.GetMsg()));
    auto token = base::without_controls(e.GetToken());
    while (token.ends_with(' ')) token.pop_back();
    return wrong(text, fmt::format("\"{}\" at character {} is not expected there", token, e.GetPos() + 1));
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
    return result_of(parser);
  } catch (const mu::ParserError&) {
    return std::nullopt;
  }
}

}  // namespace kiln::sweep
