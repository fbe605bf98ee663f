// Tiles of the kind rom_mac. Rows of a ROM are read; mac_lanes outputs a cycle look their codes up, multiply and
// accumulate. docs/units/rom_mac.md
#include <algorithm>

#include "chip/timing/tile_kinds.hpp"
#include "kiln/base/units.hpp"

namespace kiln::chip {

TileKind rom_mac() {
  return {
      .steps = [](const config::TileConfig& tile, std::uint64_t outputs) -> TileSteps {
        return {base::ceil_div(std::min<std::uint64_t>(tile.columns, outputs), tile.parameter("mac_lanes")),
                std::uint64_t{tile.parameter("read_cycles")} + tile.parameter("multiply_cycles")};
      },
      .count =
          [](const ArrayWork& work, program::Activity& activity) {
            activity.rom_rows_read += work.inputs * work.tiles_side_by_side;
            activity.multiply_accumulates += work.weights;
          },
  };
}

}  // namespace kiln::chip
