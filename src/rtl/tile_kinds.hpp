// The kinds of tiles that there is RTL for: a row in tile_kinds.cpp for each, beside its module in src/rtl/sv and its
// branch in kiln_tile.sv. A chip with tiles of another kind is refused.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/registry.hpp"
#include "kiln/config/chip_config.hpp"

namespace kiln::rtl {

struct TileKind {
  std::uint64_t number = 0;  ///< `Microarchitecture` of kiln_tile_array.sv
  /// Parameters of kiln_tile_array, and the keys of the config that give them.
  std::vector<std::pair<std::string, std::string>> parameters = {};
  /// The longest delay line in it.
  std::function<std::uint64_t(const config::TileConfig& tile)> longest_delay = {};
};

base::Registry<TileKind>& tile_kinds();
/// Null: there is no RTL for tiles of this kind.
const TileKind* find_tile_kind(std::string_view name);

}  // namespace kiln::rtl
