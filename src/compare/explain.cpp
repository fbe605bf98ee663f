#include "compare/explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "compare/flat.hpp"
#include "kiln/config/load.hpp"
#include "report/figures.hpp"
#include "sweep/outcome.hpp"

namespace kiln::compare {
namespace {

/// Sums in another order: the only way in which a closed form and a simulation may differ.
constexpr double kRounding = 1e-9;

template <class Config>
base::Status read_config(const json::Value& tree, const char* kind, Config& config) {
  auto parsed = config::parse<Config>(json::write(tree), kind);
  if (!parsed) return base::Error{parsed.error().message.substr(0, parsed.error().message.find('\n'))};
  config = *std::move(parsed);
  return {};
}

/// By the closed form; of several users, by the simulated chip.
base::Result<report::FigureMap> evaluated(const Design& design, study::Environment& environment) {
  sweep::Point point;
  if (auto good = read_config(design.chip, "chip", point.chip); !good) return good.error();
  if (auto good = read_config(design.model, "model", point.model); !good) return good.error();
  if (auto good = read_config(design.recipe, "recipe", point.recipe); !good) return good.error();
  if (!point.chip.silicon) return base::Error{fmt::format("chip {} has no /silicon", point.chip.name)};
  auto tech = environment.configs().load<config::TechConfig>(point.chip.silicon->technology, design.tech_set);
  if (!tech) return tech.error();
  if (design.users == 1) {
    const auto closed =
        study::closed_point(point.chip, {point.model, point.recipe, *tech, design.prompt_tokens, design.new_tokens});
    if (!closed) return closed.error();
    return report::closed_figures(*closed);
  }
  point.tech_set = design.tech_set;
  point.prompt_tokens = design.prompt_tokens;
  point.new_tokens = design.new_tokens;
  point.users = design.users;
  const auto answer = sweep::simulate(point, false, environment);
  if (!answer) return answer.error();
  if (answer->result.mismatch) return base::Error{*answer->result.mismatch};
  return report::figures(*answer);
}

/// The design with this key as the other side has it; a sentence where that cannot be said.
std::string set_key(Design& design, const Key& key, const Design& other) {
  for (const auto& [name, whole, of_other] :
       {std::tuple{"recipe", &design.recipe, &other.recipe}, {"model", &design.model, &other.model}})
    if (key.name == name) {
      *whole = *of_other;
      return "";
    }
  const auto* value = key.b ? &*key.b : nullptr;
  const auto colon = key.name.find(":/");
  if (colon == key.name.npos) {
    if (value == nullptr || !value->is_whole()) return "it is no key of a config";
    for (const auto& [name, length] : {std::pair{"prompt_tokens", &design.prompt_tokens},
                                       {"new_tokens", &design.new_tokens},
                                       {"users", &design.users}})
      if (key.name == name) *length = value->whole();
    return "";
  }
  const auto kind = key.name.substr(0, colon), pointer = key.name.substr(colon + 1);
  for (const auto& [name, tree] :
       {std::pair{"chip", &design.chip}, {"model", &design.model}, {"recipe", &design.recipe}})
    if (kind == name) put(*tree, pointer, value);
  if (kind == "tech") {
    if (value == nullptr) return "a technology without the key is none";
    design.tech_set.push_back(pointer + "=" + json::write(*value));
  }
  return "";
}

bool same(double a, double b) { return std::abs(a - b) <= kRounding * std::max(std::abs(a), std::abs(b)); }

std::optional<double> figure_in(const auto& figures, std::string_view path) {
  const auto found = figures.find(path);
  return found == figures.end() ? std::nullopt : number_of(found->second);
}

struct Reproduced {
  report::FigureMap a, b;
};

/// Both sides once more. Nothing where that cannot be done, and the comparison says why.
std::optional<Reproduced> reproduced(Comparison& comparison, study::Environment& environment) {
  Reproduced now;
  for (const auto& [side, figures] : {std::pair{&comparison.a, &now.a}, {&comparison.b, &now.b}}) {
    if (!side->design) {
      comparison.not_explained.push_back(side->no_design);
      return std::nullopt;
    }
    auto again = evaluated(*side->design, environment);
    if (!again) {
      comparison.not_explained.push_back(side->name + ": " + again.error().message);
      return std::nullopt;
    }
    *figures = *std::move(again);
  }
  return now;
}

/// The main figures that moved and that this Kiln finds again on both sides.
void choose_figures(Comparison& comparison, const Reproduced& now) {
  for (const auto& main : kMainFigures) {
    const std::string path(main.path);
    const auto moved = std::ranges::find(comparison.figures, path, &Moved::path);
    if (moved == comparison.figures.end()) continue;
    const auto a = number_of(moved->a), b = number_of(moved->b), a_now = figure_in(now.a, path),
               b_now = figure_in(now.b, path);
    if (!a || !b) continue;
    if (!a_now || !b_now || !same(*a, *a_now) || !same(*b, *b_now)) {
      const auto shown = [](const std::optional<double>& value) { return value ? fmt::format("{}", *value) : "none"; };
      comparison.not_explained.push_back(
          fmt::format("{}: this Kiln finds {} and {} where {} and {} are", path, shown(a_now), shown(b_now), *a, *b));
      continue;
    }
    comparison.explained.push_back({path, moved->a, moved->b, *b - *a, 0});
  }
}

void add_effects(Key& key, const report::FigureMap& figures, Comparison& comparison) {
  for (auto& figure : comparison.explained) {
    const auto found = figures.find(figure.figure);
    const auto value = found == figures.end() ? std::nullopt : number_of(found->second);
    if (!value) continue;
    const double change = *value - *number_of(figure.a);
    if (same(*value, *number_of(figure.a))) continue;
    figure.alone += change;
    key.effects.push_back({figure.figure, found->second, change});
  }
}

/// The largest share that the key changes of a figure, least first.
double order_of(const Key& key, const Comparison& comparison) {
  double most = 0;
  for (const auto& effect : key.effects) {
    const auto figure = std::ranges::find(comparison.explained, effect.figure, &Explained::figure);
    const double a = std::abs(*number_of(figure->a));
    most = std::max(most, std::abs(effect.change) / (a > 0 ? a : 1));
  }
  return -most;
}

}  // namespace

std::optional<double> number_of(const json::Value& value) {
  if (value.is_boolean()) return value.boolean() ? 1.0 : 0.0;
  if (value.is_number()) return value.number();
  return std::nullopt;
}

base::Status explain(Comparison& comparison, study::Environment& environment) {
  if (comparison.keys.empty()) {
    if (!comparison.keys_known)
      for (const auto* side : {&comparison.a, &comparison.b})
        if (!side->design) comparison.not_explained.push_back(side->no_design);
    return {};
  }
  const auto now = reproduced(comparison, environment);
  if (environment.progress.stopped()) return base::Error{"interrupted"};
  if (!now) return {};
  choose_figures(comparison, *now);
  const auto tech = comparison.a.keys.lower_bound("tech:");
  const bool tech_known = tech != comparison.a.keys.end() && tech->first.starts_with("tech:");
  if (!tech_known && comparison.a.design->tech_set != comparison.b.design->tech_set)
    comparison.not_explained.emplace_back(
        "a changed technology is in no document: what it does is counted as together");
  if (comparison.explained.empty()) return {};
  for (std::size_t k = 0; k < comparison.keys.size(); ++k) {
    environment.progress("explaining", k, comparison.keys.size());
    auto& key = comparison.keys[k];
    Design design = *comparison.a.design;
    key.no_effects = set_key(design, key, *comparison.b.design);
    if (!key.no_effects.empty()) continue;
    const auto figures = evaluated(design, environment);
    if (environment.progress.stopped()) return base::Error{"interrupted"};
    if (figures) {
      add_effects(key, *figures, comparison);
    } else {
      key.no_effects = figures.error().message;
    }
  }
  environment.progress("explaining", comparison.keys.size(), comparison.keys.size());
  std::ranges::stable_sort(comparison.keys, {}, [&](const Key& key) { return order_of(key, comparison); });
  return {};
}

}  // namespace kiln::compare
