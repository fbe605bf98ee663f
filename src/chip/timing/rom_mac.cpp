#include "chip/timing/rom_mac.hpp"

#include <algorithm>

#include "kiln/base/units.hpp"

namespace kiln::chip::rom_mac {

TileSteps steps(const config::TileConfig& tile, std::uint64_t outputs) {
  const std::uint64_t beat = base::ceil_div(std::min<std::uint64_t>(tile.columns, outputs), tile.rom_mac->mac_lanes);
  return {beat, std::uint64_t{tile.rom_mac->read_cycles} + tile.rom_mac->multiply_cycles};
}

void count(const ArrayWork& work, program::Activity& activity) {
  activity.rom_rows_read += work.inputs * work.tiles_side_by_side;
  activity.multiply_accumulates += work.weights;
}

}  // namespace kiln::chip::rom_mac
