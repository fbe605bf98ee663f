// What each kind of tile is made of: a file and a row in tile_kinds.cpp for each.
#pragma once

#include <string_view>

#include "base/registry.hpp"
#include "kiln/cost/tile_kind.hpp"

namespace kiln::cost {

base::Registry<TileKind>& tile_kinds();
/// Of a kind that there is.
const TileKind& tile_kind(std::string_view name);

}  // namespace kiln::cost
