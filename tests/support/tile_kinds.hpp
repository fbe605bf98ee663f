// The kinds of tiles that Kiln has by itself, for tests that go through them by number or draw their parameters. That none
// is missing holds OwnTile.OfKilnItselfIsInEveryLayer.
#pragma once

#include <cstdint>
#include <iterator>

#include "config/tile_kinds.hpp"

namespace kiln::support {

inline constexpr const char* kTileKinds[] = {"product_select", "bit_serial", "rom_mac"};
inline constexpr auto kOwnTileKinds = static_cast<std::uint32_t>(std::size(kTileKinds));

/// Gives the tile parameters of every kind: `latency()` for what is in cycles, `wide()` for things side by side.
template <class Latency, class Wide>
void set_parameters_of_every_kind(config::TileConfig& tile, Latency latency, Wide wide) {
  for (const char* kind : kTileKinds)
    for (const auto& parameter : config::tile_kind(kind).parameters)
      tile.parameters[kind][parameter.key] = parameter.unit == "cycles" ? latency() : wide();
}

}  // namespace kiln::support
