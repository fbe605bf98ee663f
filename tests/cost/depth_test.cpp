// The formulas of depth against what Yosys makes of the RTL's functions: docs/validation/depth.md.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "cost/depths.hpp"
#include "kiln/cost/delays.hpp"

namespace kiln::cost {
namespace {

using Formula = std::function<double(double a, double b)>;

/// A list and so many logits, one after the other, as the RTL has it; the cost model has merges of lists instead. Whether
/// the first one's index is in the vocabulary, then a key's comparison and the choice for each.
double list_and_logits(double logits, double) {
  return delays::adder(32) + delays::all_zero(32) + delays::kAnd + delays::kMultiplexer +
         (logits - 1) * (delays::compare(32) + delays::kMultiplexer);
}

/// By the page's names; `a` and `b`: its size, "4" or "8 x 32".
const std::map<std::string, Formula>& formulas() {
  using namespace depths;
  static const std::map<std::string, Formula> all = {
      {"adder", [](double a, double) { return delays::adder(a); }},
      {"multiplier", [](double a, double b) { return delays::multiplier(a, b); }},
      {"selection", [](double a, double) { return delays::select(a); }},
      {"sum of numbers", [](double a, double) { return delays::add_up(a, 46); }},
      {"multiply elements", [](double, double) { return float_multiply(); }},
      {"add elements", [](double, double) { return float_add(); }},
      {"integer to element", [](double a, double) { return to_float(a); }},
      {"2^-f", [](double, double) { return exponential(); }},
      {"2^-x", [](double, double) { return power(); }},
      {"reciprocal", [](double, double) { return reciprocal(); }},
      {"1 / sqrt", [](double, double) { return inverse_root(); }},
      {"largest exponent", [](double a, double) { return delays::largest(a, 8); }},
      {"residual add", [](double a, double) { return residual_add(a); }},
      {"squares", [](double a, double) { return squares(a); }},
      {"root of the mean", [](double, double) { return root_of_mean(); }},
      {"scale", [](double, double) { return scale(); }},
      {"RoPE", [](double, double) { return rope(); }},
      {"SiLU", [](double, double) { return silu(); }},
      {"Hadamard", [](double a, double) { return hadamard(a); }},
      {"quantise", [](double a, double) { return quantise(a); }},
      {"group scale", [](double, double) { return scale_and_shift(); }},
      {"tree level", [](double a, double) { return tree_level(a); }},
      {"row scale", [](double, double) { return row_scale(); }},
      {"dot product", [](double a, double) { return dot_product(a); }},
      {"score", [](double a, double) { return score(a); }},
      {"probability", [](double, double) { return probability(); }},
      {"weight of a value", [](double, double) { return value_weight(); }},
      {"sum of values", [](double a, double) { return value_sum(a); }},
      {"quotient", [](double, double) { return quotient(); }},
      {"embedding", [](double, double) { return embedding_element(); }},
      {"largest logit", [](double a, double) { return delays::largest(a, 32); }},
      {"list and logits", list_and_logits},
      {"lists of the largest", [](double a, double b) { return best_of(a, b); }},
      {"weight of a logit", [](double, double) { return logit_weight(); }},
      {"turn", [](double a, double) { return turn(a); }},
      {"loop of the turn", [](double a, double) { return turn_loop(a); }},
      {"finish", [](double, double) { return finish(); }},
  };
  return all;
}

TEST(Depth, FormulasAreWithinAQuarterOfYosys) {
  std::ifstream page(std::string(KILN_SOURCE_DIR) + "/docs/validation/depth.md");
  ASSERT_TRUE(page.good());
  const std::regex row(R"(\| ([^|]+) \| (\d*)(?: x (\d+))? \| [\d,]+ \| ([\d.]+) \| ([\d.?]+) \|)");
  std::set<std::string> seen;
  for (std::string line; std::getline(page, line);) {
    std::smatch found;
    if (!std::regex_match(line, found, row)) continue;
    const std::string name = found[1];
    ASSERT_TRUE(formulas().contains(name)) << "no formula for " << line;
    const auto number = [](const auto& text) { return text.length() == 0 ? 0 : std::stod(text); };
    const double formula = formulas().at(name)(number(found[2]), number(found[3]));
    const double yosys = std::stod(found[4]);
    seen.insert(name);
    EXPECT_EQ(found[5], fmt::format("{:.1f}", formula)) << line;
    EXPECT_LE(std::abs(formula / yosys - 1), 0.25) << line << ": the formula gives " << formula;
  }
  EXPECT_EQ(seen.size(), formulas().size()) << "the page lacks some functions";
}

}  // namespace
}  // namespace kiln::cost
