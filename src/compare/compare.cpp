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
  const auto dot = path.find('.');
  if (dot == path.npos) return 0;
  for (auto at = dot; at != path.npos; at = path.find('.', at + 1))
    if (at + 1 < path.size() && path[at + 1] >= '0' && path[at + 1] <= '9') return 2;
  if (path.ends_with(".low") || path.ends_with(".high")) return 2;
  return path.ends_with(".typical") ? 0 : 1;
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

void compare_keys(Comparison& comparison) {
  const auto &a = comparison.a.keys, &b = comparison.b.keys;
  for (const auto& [name, value] : a) {
    const auto other = b.find(name);
    if (other == b.end()) {
      comparison.keys.push_back({name, value, std::nullopt, {}, ""});
    } else if (!(value == other->second)) {
      comparison.keys.push_back({name, value, other->second, {}, ""});
    }
  }
  for (const auto& [name, value] : b)
    if (!a.contains(name)) comparison.keys.push_back({name, std::nullopt, value, {}, ""});
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
  keep_common_kinds(first, second);
  keep_common_kinds(second, first);
  compare_figures(comparison);
  compare_keys(comparison);
  if (const auto done = explain(comparison, environment); !done) return done.error();
  return comparison;
}

}  // namespace kiln::compare
