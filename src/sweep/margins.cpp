#include "sweep/margins.hpp"

#include <algorithm>
#include <cmath>

namespace kiln::sweep {
namespace {

struct Sides {
  std::string least, most;
};

/// "a" and "b" of "a <= b"; nothing where there is not one < or > alone.
std::optional<Sides> sides_of(const std::string& text) {
  const auto at = text.find_first_of("<>");
  if (at == text.npos || text.find_first_of("&|!") != text.npos) return std::nullopt;
  const bool with_equals = text.compare(at + 1, 1, "=") == 0;
  const auto right = text.substr(at + (with_equals ? 2 : 1)), left = text.substr(0, at);
  // Within parentheses of its own, as in min(a < b, c), neither half is a formula.
  if ((left + right).find_first_of("<>=") != text.npos || !Formula::parse(left) || !Formula::parse(right))
    return std::nullopt;
  return text[at] == '<' ? Sides{left, right} : Sides{right, left};
}

std::optional<Formula> difference_of(const std::string& text) {
  const auto sides = sides_of(text);
  if (!sides) return std::nullopt;
  auto parsed = Formula::parse("(" + sides->most + ") - (" + sides->least + ")");
  if (!parsed) return std::nullopt;
  return *std::move(parsed);
}

}  // namespace

Margins::Margins(const std::vector<Formula>& constraints) {
  for (const auto& constraint : constraints) {
    auto difference = difference_of(constraint.text());
    const bool found = difference.has_value();
    margins_.push_back({found ? *std::move(difference) : constraint, found});
  }
}

std::vector<double> Margins::of(const report::FigureMap& figures) const {
  std::vector<double> all;
  for (const auto& [formula, by_how_much] : margins_) {
    const auto value = formula.value([&](const std::string& path) { return number_of(figures, path); });
    if (!value) {
      all.push_back(-1);
    } else if (by_how_much) {
      all.push_back(*value);
    } else {
      all.push_back(*value != 0 ? 1 : -1);
    }
  }
  return all;
}

std::optional<Slack> slack_of(const Formula& constraint, const report::FigureMap& figures) {
  const auto sides = sides_of(constraint.text());
  if (!sides) return std::nullopt;
  const auto value = [&](const std::string& side) {
    return Formula::parse(side)->value([&](const std::string& path) { return number_of(figures, path); });
  };
  const auto least = value(sides->least), most = value(sides->most);
  if (!least || !most) return std::nullopt;
  const double scale = std::max(std::abs(*least), std::abs(*most));
  return Slack{*most - *least, scale > 0 ? (*most - *least) / scale : 0};
}

}  // namespace kiln::sweep
