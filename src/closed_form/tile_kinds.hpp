// The formulas of each kind of tile: a row in tile_kinds.cpp for each.
#pragma once

#include <string_view>

#include "base/registry.hpp"
#include "kiln/closed_form/tile_kind.hpp"

namespace kiln::closed_form {

base::Registry<TileKind>& tile_kinds();
/// Of a kind that there is.
const TileKind& tile_kind(std::string_view name);

}  // namespace kiln::closed_form
