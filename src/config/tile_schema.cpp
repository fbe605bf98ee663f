// The keys of a tile: those that every tile has, and an object for the parameters of each kind.
#include "config/tile_schema.hpp"

#include <algorithm>

#include "config/tile_kinds.hpp"

namespace kiln::config {
namespace {

constexpr Integers kTileWide = {1, kMostOfTile};
constexpr Integers kTileLatency = {1, 4096};

void describe_microarchitecture(FieldVisitor& v, std::string& chosen, const std::vector<std::string>& names,
                                Need need) {
  const std::vector<std::string_view> words(names.begin(), names.end());
  const auto at = std::find(names.begin(), names.end(), chosen);
  base::check(at != names.end(), "config: a tile's microarchitecture is none that is registered");
  auto index = static_cast<std::size_t>(at - names.begin());
  v.word("microarchitecture", index, words, need);
  chosen = names[index];
}

/// Parameters of one kind. `keys`: Required where nothing is inherited from another tile.
void describe_parameters(FieldVisitor& v, TileConfig& tile, const std::string& name, Need keys) {
  const TileKind& kind = tile_kind(name);
  if (kind.parameters.empty()) return;
  const auto known = tile.parameters.find(name);
  bool given = known != tile.parameters.end();
  const bool inherited = keys == Need::Optional && given;
  const Need inner = inherited ? Need::Optional : Need::Required;
  TileParameters values = given ? known->second : TileParameters{};
  v.alternative(name, given, tile.microarchitecture == name && !inherited, [&] {
    for (const TileParameter& p : kind.parameters) {
      const Integers allowed = {p.minimum, p.maximum};
      if (p.is_latency())
        v.latency(p.key, values[p.key], allowed, inner);
      else
        v.integer(p.key, values[p.key], p.unit, allowed, inner);
    }
  });
  if (given) {
    tile.parameters[name] = values;
  } else if (!inherited) {
    tile.parameters.erase(name);
  }
}

}  // namespace

void describe(FieldVisitor& v, TileConfig& tile, Need need) {
  const std::vector<std::string> names = tile_kind_names();
  describe_microarchitecture(v, tile.microarchitecture, names, need);
  v.integer("rows", tile.rows, "inputs", kTileWide, need);
  v.integer("columns", tile.columns, "outputs", kTileWide, need);
  v.integer("inputs_per_cycle", tile.inputs_per_cycle, "inputs", kTileWide, need);
  v.integer("scale_lanes", tile.scale_lanes, "outputs", kTileWide, need);
  v.latency("accumulate_cycles", tile.accumulate_cycles, kTileLatency, need);
  for (const std::string& name : names) describe_parameters(v, tile, name, need);
}

}  // namespace kiln::config
