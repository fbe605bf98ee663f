#include "kiln/extend/tile_kind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <set>

#include "chip/timing/tile_kinds.hpp"
#include "closed_form/tile_kinds.hpp"
#include "config/tile_kinds.hpp"
#include "cost/tile_kinds.hpp"
#include "functional/tile_kinds.hpp"

namespace kiln::extend {
namespace {

constexpr std::array<std::string_view, 6> kKeysOfEveryTile = {"microarchitecture", "rows",        "columns",
                                                              "inputs_per_cycle",  "scale_lanes", "accumulate_cycles"};
constexpr std::size_t kMostNameBytes = 100;

/// As all keys are written: small letters, digits, underscores.
bool is_key(const std::string& text) {
  const auto small = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && text.size() <= kMostNameBytes && small(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return small(c) || (c >= '0' && c <= '9') || c == '_'; });
}

base::Error error(const TileKind& kind, const std::string& what) {
  return {fmt::format("tile kind `{}` {}", kind.name, what)};
}

base::Status check_parameters(const TileKind& kind) {
  std::set<std::string> keys;
  for (const config::TileParameter& p : kind.config.parameters) {
    if (!is_key(p.key))
      return error(kind, fmt::format("has a parameter `{}`; expected a key of small letters, digits and `_`", p.key));
    if (!keys.insert(p.key).second) return error(kind, fmt::format("has the parameter `{}` twice", p.key));
    if (p.minimum > p.maximum || p.maximum > config::kMostOfTile)
      return error(kind, fmt::format("allows {} from {} to {}; expected a range within 0 to {}", p.key, p.minimum,
                                     p.maximum, config::kMostOfTile));
  }
  const std::string& lanes = kind.cost.column_lanes;
  if (!lanes.empty() && !keys.contains(lanes))
    return error(kind, fmt::format("has cost.column_lanes `{}`; expected one of its parameters", lanes));
  return {};
}

base::Status check(const TileKind& kind) {
  if (!is_key(kind.name) || std::ranges::find(kKeysOfEveryTile, kind.name) != kKeysOfEveryTile.end())
    return error(kind, "has a name that cannot be one; expected small letters, digits and `_`, and no key of a tile");
  const std::pair<const char*, bool> parts[] = {{"timing.steps", bool(kind.timing.steps)},
                                                {"timing.count", bool(kind.timing.count)},
                                                {"closed_form.time", bool(kind.closed_form.time)},
                                                {"cost.column", bool(kind.cost.column)},
                                                {"cost.paths", bool(kind.cost.paths)},
                                                {"products", !kind.products || bool(kind.products->products)}};
  for (const auto& [part, there] : parts)
    if (!there) return error(kind, fmt::format("has no {}; expected a function", part));
  if (kind.cost.entry_lines <= 0) return error(kind, "has cost.entry_lines 0; expected at least 1");
  return check_parameters(kind);
}

}  // namespace

base::Status register_tile_kind(const TileKind& kind) {
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  if (auto fine = check(kind); !fine) return fine;
  if (config::tile_kinds().find(kind.name) != nullptr) return error(kind, "is there already; expected another name");
  bool added = chip::tile_kinds().add(kind.name, kind.timing);
  added = closed_form::tile_kinds().add(kind.name, kind.closed_form) && added;
  added = cost::tile_kinds().add(kind.name, kind.cost) && added;
  if (kind.products)
    added = functional::tile_kinds().add(kind.name, functional::segment_products(*kind.products)) && added;
  // The config last: a kind that can be named is in every layer.
  added = config::tile_kinds().add(kind.name, kind.config) && added;
  base::check(added, "extend: a kind of tile that one layer knew and the config did not");
  return {};
}

}  // namespace kiln::extend
