// Tiles of the kind rom_mac: mac_lanes columns at a time look their weights up, multiply and accumulate.
// docs/units/rom_mac.md, docs/cost.md
#include "cost/tile_kinds.hpp"
#include "kiln/cost/delays.hpp"

namespace kiln::cost {
namespace {

TileColumn rom_mac_column(const config::TileConfig& tile, const config::TensorFormat& format, config::RomCell) {
  using namespace circuits;
  const std::uint32_t lanes = tile.parameter("mac_lanes");
  const double look_up = select(std::exp2(format.bits), 8);
  // A code is registered in each cycle of its read but the last, a product in each cycle of its multiplication.
  const double held = format.bits * (static_cast<double>(tile.parameter("read_cycles")) - 1) +
                      kProduct * static_cast<double>(tile.parameter("multiply_cycles"));
  const double mac = look_up + multiplier(8, 8) + registers(held) + adder(kGroupSum);
  const double slots = std::ceil(static_cast<double>(tile.columns) / lanes);  // columns of a lane
  const double share = static_cast<double>(lanes) / tile.columns;             // of a lane in a column
  return {share * (tile.inputs_per_cycle * mac + select(slots, kGroupSum)) + 2 * registers(kGroupSum),
          mac + registers(kGroupSum) / tile.inputs_per_cycle, share * tile.inputs_per_cycle * held + 2 * kGroupSum};
}

std::vector<TilePath> rom_mac_paths(const TileInPlace& place) {
  const double multiply_cycles = place.tile.parameter("multiply_cycles");
  return {{.name = "read a row of ROM",
           .reads_rom = true,
           .cycles = double(place.tile.parameter("read_cycles")),
           .key = "read_cycles"},
          {.name = "look up and multiply",
           .fo4 = delays::select(std::exp2(place.widest_bits)) + delays::multiplier(8, 8),
           .wire_mm = place.line_mm,
           .cycles = multiply_cycles,
           .registers = multiply_cycles,
           .key = "multiply_cycles"},
          {.name = "accumulate", .fo4 = delays::carry_save(place.tile.inputs_per_cycle) + delays::adder(21)}};
}

}  // namespace

TileKind rom_mac() { return {.column = rom_mac_column, .paths = rom_mac_paths, .column_lanes = "mac_lanes"}; }

}  // namespace kiln::cost
