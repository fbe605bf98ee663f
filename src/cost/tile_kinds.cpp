#include "cost/tile_kinds.hpp"

#include "kiln/base/result.hpp"

namespace kiln::cost {

TileKind product_select();  // product_select.cpp
TileKind bit_serial();      // bit_serial.cpp
TileKind rom_mac();         // rom_mac.cpp

base::Registry<TileKind>& tile_kinds() {
  static base::Registry<TileKind> kinds({
      {"product_select", product_select()},
      {"bit_serial", bit_serial()},
      {"rom_mac", rom_mac()},
  });
  return kinds;
}

const TileKind& tile_kind(std::string_view name) {
  const TileKind* kind = tile_kinds().find(name);
  base::check(kind != nullptr, "cost: a kind of tile without circuits");
  return *kind;
}

}  // namespace kiln::cost
