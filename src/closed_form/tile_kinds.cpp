#include "closed_form/tile_kinds.hpp"

#include <algorithm>

#include "kiln/base/result.hpp"
#include "kiln/base/units.hpp"

namespace kiln::closed_form {
namespace {

TileTime product_select(const config::TileConfig& tile, std::uint64_t) {
  return {.beat = 1, .latency = tile.parameter("product_cycles")};
}

TileTime bit_serial(const config::TileConfig& tile, std::uint64_t) {
  TileTime time{.beat = 8};  // bits of an activation
  time.latency += tile.parameter("count_cycles");
  time.latency += tile.parameter("multiply_cycles");
  return time;
}

TileTime rom_mac(const config::TileConfig& tile, std::uint64_t outputs) {
  TileTime time;
  time.beat = base::ceil_div(std::min<std::uint64_t>(tile.columns, outputs), tile.parameter("mac_lanes"));
  time.latency += tile.parameter("read_cycles");
  time.latency += tile.parameter("multiply_cycles");
  return time;
}

}  // namespace

base::Registry<TileKind>& tile_kinds() {
  static base::Registry<TileKind> kinds({
      {"product_select", {product_select}},
      {"bit_serial", {bit_serial}},
      {"rom_mac", {rom_mac}},
  });
  return kinds;
}

const TileKind& tile_kind(std::string_view name) {
  const TileKind* kind = tile_kinds().find(name);
  base::check(kind != nullptr, "closed form: a kind of tile without a formula");
  return *kind;
}

}  // namespace kiln::closed_form
