#include "chip/timing/product_select.hpp"

namespace kiln::chip::product_select {

TileSteps steps(const config::TileConfig& tile) { return {1, tile.product_select->product_cycles}; }

void count(const ArrayWork& work, program::Activity& activity) {
  activity.products += work.inputs * work.tiles_side_by_side;
  activity.selections += work.weights;
}

}  // namespace kiln::chip::product_select
