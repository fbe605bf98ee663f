#include "compare/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "compare/explain.hpp"

namespace kiln::compare {
namespace {

bool is_design_point(const std::string& kind) { return kind == "run" || kind == "cost" || kind == "point"; }

Moved moved(const std::string& path, const json::Value& a, const json::Value& b) {
  Moved figure{path, a, b, std::nullopt, std::nullopt};
  if (!a.is_number() || !b.is_number()) return figure;
  figure.change = b.number() - a.number();
  if (a.number() != 0) figure.relative = *figure.change / std::abs(a.number());
  return figure;
}

/// Of the whole, of its parts by name, or of one of many parts: 0, 1 or 2. The ends of a range are parts of it.
std::size_t depth(const std::string& path) {
  if (path.find('.') == path.npos) return 0;
  for (auto at = path.find('.'); at != path.npos; at = path.find('.', at + 1))
    if (at + 1 < path.size() && path[at + 1] >= '0' && path[at + 1] <= '9') return 2;
  return path.ends_with(".low") || path.ends_with(".high") ? 2 : 1;
}

/// Less comes first: main figures in their order, then how deep, whether it is a number, and how far it moved.
std::tuple<std::size_t, bool, double> importance(const Moved& figure) {
  const auto main = std::ranges::find(kMainFigures, figure.path, &MainFigure::path);
  if (main != kMainFigures.end()) return {static_cast<std::size_t>(main - kMainFigures.begin()), false, 0};
  const auto place = kMainFigures.size() + depth(figure.path);
  if (figure.relative) return {place, false, -std::abs(*figure.relative)};
  return {place, true, figure.change ? -std::abs(*figure.change) : 1};
}

void compare_figures(Comparison& comparison) {
  const auto &a = comparison.a.figures, &b = comparison.b.figures;
  for (const auto& [path, value] : a) {
    const auto other = b.find(path);
    if (other == b.end()) {
      comparison.only_a.push_back(path);
    } else if (!(value == other->second)) {
      comparison.figures.push_back(moved(path, value, other->second));
    }
  }
  for (const auto& [path, value] : b)
    if (!a.contains(path)) comparison.only_b.push_back(path);
  std::ranges::stable_sort(comparison.figures, {}, importance);
}

bool of_kind(std::string_view key, std::string_view kind) {
  return key.starts_with(kind) && key.substr(kind.size()).starts_with(":/");
}

/// Another recipe, or another model, is one difference: its keys are meant together.
void gather_configs(std::vector<Key>& keys) {
  for (const std::string kind : {"recipe", "model"}) {
    const auto name = std::ranges::find(keys, kind + ":/name", &Key::name);
    if (name == keys.end()) continue;
    Key whole{kind, name->a, name->b, {}, {}, ""};
    for (const auto& key : keys)
      if (of_kind(key.name, kind)) whole.parts.push_back(key.name);
    std::erase_if(keys, [&](const Key& key) { return of_kind(key.name, kind); });
    keys.push_back(std::move(whole));
  }
  // What another technology has follows from its name.
  if (std::ranges::find(keys, "chip:/silicon/technology", &Key::name) != keys.end())
    std::erase_if(keys, [](const Key& key) { return of_kind(key.name, "tech"); });
}

void compare_keys(Comparison& comparison) {
  const auto &a = comparison.a.keys, &b = comparison.b.keys;
  for (const auto& [name, value] : a) {
    const auto other = b.find(name);
    if (other == b.end()) {
      comparison.keys.push_back({name, value, std::nullopt, {}, {}, ""});
    } else if (!(value == other->second)) {
      comparison.keys.push_back({name, value, other->second, {}, {}, ""});
    }
  }
  for (const auto& [name, value] : b)
    if (!a.contains(name)) comparison.keys.push_back({name, std::nullopt, value, {}, {}, ""});
  gather_configs(comparison.keys);
}

/// A point of an export has no configs, only what its sweep varied; nor has one whose configs are gone.
bool without_configs(const Side& side) { return side.kind == "point" && side.keys.empty(); }

/// Where a side has no configs.
void keep_axes(Side& a, Side& b) {
  a.keys = a.axes;
  b.keys = b.axes;
  if (a.kind != b.kind) a.keys = b.keys = {};
}

/// A document of a run has no config of its technology, a point has: what only one kind of side can have is no difference.
void keep_common_kinds(Side& side, const Side& other) {
  for (const char* kind : {"tech:", "economics:"}) {
    const auto has = [&](const Values& keys) {
      const auto at = keys.lower_bound(kind);
      return at != keys.end() && at->first.starts_with(kind);
    };
    if (has(side.keys) && !has(other.keys))
      std::erase_if(side.keys, [&](const auto& entry) { return entry.first.starts_with(kind); });
  }
}

}  // namespace

base::Result<Comparison> compare(const std::string& a, const std::string& b, study::Environment& environment) {
  Comparison comparison;
  for (const auto& [operand, side] : {std::pair{&a, &comparison.a}, {&b, &comparison.b}}) {
    auto loaded = load_side(*operand, environment);
    if (!loaded) return loaded.error();
    *side = *std::move(loaded);
  }
  auto &first = comparison.a, &second = comparison.b;
  if (first.kind != second.kind && !(is_design_point(first.kind) && is_design_point(second.kind)))
    return base::Error{
        fmt::format("{} is of kiln {}, {} of kiln {}; two of one kind are expected", a, first.kind, b, second.kind)};
  comparison.keys_known = !without_configs(first) && !without_configs(second);
  if (!comparison.keys_known) keep_axes(first, second);
  keep_common_kinds(first, second);
  keep_common_kinds(second, first);
  compare_figures(comparison);
  compare_keys(comparison);
  if (const auto done = explain(comparison, environment); !done) return done.error();
  return comparison;
}

}  // namespace kiln::compare
