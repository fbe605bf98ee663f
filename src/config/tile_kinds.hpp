// The kinds of tiles that a config may name, with their parameters: one row for each in tile_kinds.cpp.
#pragma once

#include <string_view>

#include "base/registry.hpp"
#include "kiln/config/tile_kind.hpp"

namespace kiln::config {

base::Registry<TileKind>& tile_kinds();
/// Of a kind that there is.
const TileKind& tile_kind(std::string_view name);

}  // namespace kiln::config
