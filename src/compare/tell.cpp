// A comparison as tables for people and as JSON.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "compare/explain.hpp"
#include "report/table.hpp"

namespace kiln::compare {
namespace {

constexpr std::size_t kMostRows = 24;    ///< of a table on the screen; the document has all
constexpr std::size_t kMostFigures = 7;  ///< beside a key
constexpr std::size_t kPathColumns = 44, kKeyColumns = 30, kValueColumns = 22;

/// The end of a long name says most.
std::string shortened(const std::string& name, std::size_t columns) {
  auto plain = base::without_controls(name);
  if (plain.size() <= columns) return plain;
  auto begin = plain.size() - (columns - 3);
  while (begin < plain.size() && base::continues_character(plain[begin])) ++begin;
  return "..." + plain.substr(begin);
}

std::string printed(const json::Value& value, std::size_t columns) {
  if (value.is_boolean()) return value.boolean() ? "yes" : "no";
  if (value.is_whole()) return report::grouped(value.whole());
  if (value.is_number()) return report::number(value.number());
  auto text = base::without_controls(value.is_text() ? value.text() : json::write(value));
  if (base::count_characters(text) <= columns) return text;
  auto end = columns - 3;
  while (end > 0 && base::continues_character(text[end])) --end;
  return text.substr(0, end) + "...";
}

std::string printed(const std::optional<json::Value>& value) { return value ? printed(*value, kValueColumns) : "-"; }

/// "+4.2 %", or the difference where there is nothing to compare it with.
std::string change(double change, double of) {
  if (change == 0) return "";
  if (of == 0) return fmt::format("{}{}", change > 0 ? "+" : "", report::number(change));
  const double percent = 100 * change / std::abs(of);
  return fmt::format("{:+.{}f} %", percent, std::abs(percent) < 10 ? 2 : 0);
}

void add_more(std::size_t all, std::string& text) {
  if (all > kMostRows) text += fmt::format("and {} more, which --json has\n", all - kMostRows);
}

void add_figures(const Comparison& comparison, std::string& text) {
  if (comparison.figures.empty()) {
    text += "\nno figure moved\n";
    return;
  }
  text += fmt::format("\n{} figure{} moved\n", comparison.figures.size(), comparison.figures.size() == 1 ? "" : "s");
  report::Table table({"figure", "A", "B", "change"});
  for (std::size_t i = 0; i < std::min(comparison.figures.size(), kMostRows); ++i) {
    const auto& figure = comparison.figures[i];
    table.row({shortened(figure.path, kPathColumns), printed(figure.a, kValueColumns - 4),
               printed(figure.b, kValueColumns - 4), figure.change ? change(*figure.change, figure.a.number()) : ""});
  }
  text += table.text();
  add_more(comparison.figures.size(), text);
}

/// By the first word of their paths: "limits (13)".
void add_missing(const char* side, const std::vector<std::string>& paths, std::size_t columns, std::string& text) {
  if (paths.empty()) return;
  std::map<std::string, std::size_t> counts;
  for (const auto& path : paths) ++counts[shortened(path.substr(0, path.find('.')), kPathColumns)];
  std::string list;
  for (const auto& [name, count] : counts)
    list += fmt::format("{}{}{}", list.empty() ? "" : ", ", name, count == 1 ? "" : fmt::format(" ({})", count));
  text += "\n" + report::hanging(fmt::format("only {} has {}", side, list), 2, columns);
}

void add_keys(const Comparison& comparison, std::string& text) {
  if (comparison.keys.empty()) {
    text +=
        comparison.keys_known ? "\nno key of a config differs\n" : "\nwhether keys of configs differ is not known\n";
    return;
  }
  text += fmt::format("\n{} key{} of configs differ{}\n", comparison.keys.size(),
                      comparison.keys.size() == 1 ? "" : "s", comparison.keys.size() == 1 ? "s" : "");
  report::Table table({"key", "<A", "<B"});
  for (std::size_t i = 0; i < std::min(comparison.keys.size(), kMostRows); ++i) {
    const auto& key = comparison.keys[i];
    const auto parts = key.parts.empty() ? "" : fmt::format(" ({} keys)", key.parts.size());
    table.row({shortened(key.name, kPathColumns) + parts, printed(key.a), printed(key.b)});
  }
  text += table.text();
  add_more(comparison.keys.size(), text);
}

std::string brief(const std::string& path) {
  return std::string(std::ranges::find(kMainFigures, path, &MainFigure::path)->brief);
}

/// Figures that are numbers, as many as there is room for.
std::vector<Explained> columns_of(const Comparison& comparison) {
  std::vector<Explained> figures;
  for (const auto& figure : comparison.explained)
    if (!figure.a.is_boolean() && figures.size() < kMostFigures) figures.push_back(figure);
  return figures;
}

template <class ChangeOf>
std::vector<std::string> cells_of(const std::string& name, const std::vector<Explained>& figures, ChangeOf change_of) {
  std::vector<std::string> cells = {name};
  for (const auto& figure : figures) cells.push_back(change(change_of(figure), *number_of(figure.a)));
  return cells;
}

void add_effect_table(const Comparison& comparison, std::string& text) {
  const auto figures = columns_of(comparison);
  if (figures.empty()) return;
  text += "\nA with one key of B: what each does alone\n";
  std::vector<std::string> headings = {"key"};
  for (const auto& figure : figures) headings.push_back(brief(figure.figure));
  report::Table table(headings);
  std::size_t shown = 0, idle = 0;
  for (const auto& key : comparison.keys) {
    idle += key.effects.empty() && key.no_effects.empty() ? 1 : 0;
    if (key.effects.empty() || ++shown > kMostRows) continue;
    table.row(cells_of(shortened(key.name, kKeyColumns), figures, [&](const Explained& figure) {
      const auto effect = std::ranges::find(key.effects, figure.figure, &Effect::figure);
      return effect == key.effects.end() ? 0.0 : effect->change;
    }));
  }
  table.row(cells_of("together, beyond that", figures, [](const Explained& figure) { return figure.together(); }));
  table.row(cells_of("all of B", figures, [](const Explained& figure) { return figure.change; }));
  text += table.text();
  add_more(shown, text);
  if (idle > 0)
    text +=
        fmt::format("{} more key{} alone change{} none of these\n", idle, idle == 1 ? "" : "s", idle == 1 ? "s" : "");
}

/// "buildable becomes no with chip:/kv/banks alone"
void add_words(const Comparison& comparison, std::size_t columns, std::string& text) {
  for (const auto& figure : comparison.explained) {
    if (!figure.a.is_boolean()) continue;
    std::vector<std::string> alone;
    for (const auto& key : comparison.keys)
      if (std::ranges::find(key.effects, figure.figure, &Effect::figure) != key.effects.end())
        alone.push_back(base::without_controls(key.name));
    text += report::hanging(
        fmt::format("{} becomes {} {}", brief(figure.figure), printed(figure.b, kValueColumns),
                    alone.empty() ? "with no key alone"
                                  : "with " + fmt::format("{}", fmt::join(alone, ", or with ")) + " alone"),
        2, columns);
  }
}

void add_effects(const Comparison& comparison, std::size_t columns, std::string& text) {
  add_effect_table(comparison, text);
  add_words(comparison, columns, text);
  for (const auto& key : comparison.keys)
    if (!key.no_effects.empty())
      text +=
          report::hanging(base::without_controls(fmt::format("{} alone: {}", key.name, key.no_effects)), 2, columns);
  for (const auto& sentence : comparison.not_explained)
    text += report::hanging("not explained: " + base::without_controls(sentence), 2, columns);
}

json::Value or_null(const std::optional<json::Value>& value) { return value ? *value : json::Value(); }

json::Array texts(const std::vector<std::string>& list) { return {list.begin(), list.end()}; }

json::Object key_json(const Key& key) {
  json::Object entry{{"key", key.name}, {"a", or_null(key.a)}, {"b", or_null(key.b)}};
  if (!key.parts.empty()) entry.emplace("parts", texts(key.parts));
  if (!key.no_effects.empty()) {
    entry.emplace("no_effects", key.no_effects);
    return entry;
  }
  json::Array effects;
  for (const auto& effect : key.effects)
    effects.push_back(json::Object{{"figure", effect.figure}, {"value", effect.value}, {"change", effect.change}});
  entry.emplace("effects", std::move(effects));
  return entry;
}

}  // namespace

json::Object to_json(const Comparison& comparison) {
  json::Array figures, keys, explained;
  for (const auto& figure : comparison.figures) {
    json::Object entry{{"path", figure.path}, {"a", figure.a}, {"b", figure.b}};
    if (figure.change) entry.emplace("change", *figure.change);
    if (figure.relative) entry.emplace("relative", *figure.relative);
    figures.push_back(std::move(entry));
  }
  for (const auto& key : comparison.keys) keys.push_back(key_json(key));
  for (const auto& figure : comparison.explained)
    explained.push_back(json::Object{{"figure", figure.figure},
                                     {"change", figure.change},
                                     {"alone", figure.alone},
                                     {"together", figure.together()}});
  const auto side = [](const Side& each) { return json::Object{{"name", each.name}, {"kind", each.kind}}; };
  return {{"a", side(comparison.a)},
          {"b", side(comparison.b)},
          {"equal", comparison.equal()},
          {"figures", std::move(figures)},
          {"only_in_a", texts(comparison.only_a)},
          {"only_in_b", texts(comparison.only_b)},
          {"keys", std::move(keys)},
          {"explained", std::move(explained)},
          {"not_explained", texts(comparison.not_explained)}};
}

std::string to_text(const Comparison& comparison, std::size_t columns) {
  std::string text;
  for (const auto& [letter, side] : {std::pair{"A", &comparison.a}, {"B", &comparison.b}})
    text +=
        report::hanging(fmt::format("{}  {} ({})", letter, base::without_controls(side->name), side->kind), 3, columns);
  if (comparison.equal()) return text + "\nno figure moved, and no key of a config differs\n";
  add_figures(comparison, text);
  add_missing("A", comparison.only_a, columns, text);
  add_missing("B", comparison.only_b, columns, text);
  add_keys(comparison, text);
  add_effects(comparison, columns, text);
  return text;
}

}  // namespace kiln::compare
