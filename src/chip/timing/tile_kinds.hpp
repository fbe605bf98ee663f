// The time and work of each kind of tile: a file and a row in tile_kinds.cpp for each.
#pragma once

#include <string_view>

#include "base/registry.hpp"
#include "kiln/chip/timing/tile_kind.hpp"

namespace kiln::chip {

base::Registry<TileKind>& tile_kinds();
/// Of a kind that there is.
const TileKind& tile_kind(std::string_view name);

}  // namespace kiln::chip
