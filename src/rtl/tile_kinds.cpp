#include "rtl/tile_kinds.hpp"

#include <algorithm>

namespace kiln::rtl {
namespace {

std::uint64_t product_select_delay(const config::TileConfig& tile) { return tile.parameter("product_cycles"); }

std::uint64_t bit_serial_delay(const config::TileConfig& tile) {
  return std::max(tile.parameter("count_cycles"), tile.parameter("multiply_cycles"));
}

std::uint64_t rom_mac_delay(const config::TileConfig& tile) {
  return std::uint64_t{tile.parameter("read_cycles")} + tile.parameter("multiply_cycles");
}

}  // namespace

base::Registry<TileKind>& tile_kinds() {
  static base::Registry<TileKind> kinds({
      {"product_select", {0, {{"ProductCycles", "product_cycles"}}, product_select_delay}},
      {"bit_serial", {1, {{"CountCycles", "count_cycles"}, {"MultiplyCycles", "multiply_cycles"}}, bit_serial_delay}},
      {"rom_mac",
       {2,
        {{"MacLanes", "mac_lanes"}, {"ReadCycles", "read_cycles"}, {"MultiplyCycles", "multiply_cycles"}},
        rom_mac_delay}},
  });
  return kinds;
}

const TileKind* find_tile_kind(std::string_view name) { return tile_kinds().find(name); }

}  // namespace kiln::rtl
