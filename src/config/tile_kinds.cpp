#include "config/tile_kinds.hpp"

#include <algorithm>

#include "kiln/base/result.hpp"

namespace kiln::config {

base::Registry<TileKind>& tile_kinds() {
  // docs/units has a page for each.
  static base::Registry<TileKind> kinds({
      {"product_select", {.parameters = {{"product_cycles", "cycles"}}}},
      // Its counts are of at most a group.
      {"bit_serial",
       {.parameters = {{"count_cycles", "cycles"}, {"multiply_cycles", "cycles"}}, .most_inputs_per_cycle = 64}},
      {"rom_mac",
       {.parameters = {{"mac_lanes", "outputs", 1, kMostOfTile},
                       {"read_cycles", "cycles"},
                       {"multiply_cycles", "cycles"}}}},
  });
  return kinds;
}

const TileKind& tile_kind(std::string_view name) {
  const TileKind* kind = tile_kinds().find(name);
  base::check(kind != nullptr, "config: a tile's microarchitecture is none that is registered");
  return *kind;
}

std::vector<std::string> tile_kind_names() { return tile_kinds().names(); }

bool TileConfig::complete() const {
  const TileKind* kind = tile_kinds().find(microarchitecture);
  if (kind == nullptr) return false;
  const auto own = parameters.find(microarchitecture);
  return std::ranges::all_of(kind->parameters, [&](const TileParameter& parameter) {
    return own != parameters.end() && own->second.contains(parameter.key);
  });
}

std::uint32_t TileConfig::parameter(std::string_view key) const {
  const auto own = parameters.find(microarchitecture);
  base::check(own != parameters.end(), "config: a tile without the parameters of its microarchitecture");
  const auto value = own->second.find(key);
  base::check(value != own->second.end(), "config: a parameter that the tile's microarchitecture does not have");
  return value->second;
}

}  // namespace kiln::config
