// Tiles of the kind product_select. The products of an input with every value of the codebook are formed once a tile;
// each ROM cell selects one. docs/units/product_select.md
#include "chip/timing/tile_kinds.hpp"

namespace kiln::chip {

TileKind product_select() {
  return {
      .steps = [](const config::TileConfig& tile, std::uint64_t) -> TileSteps {
        return {1, tile.parameter("product_cycles")};
      },
      .count =
          [](const ArrayWork& work, program::Activity& activity) {
            activity.products += work.inputs * work.tiles_side_by_side;
            activity.selections += work.weights;
          },
  };
}

}  // namespace kiln::chip
