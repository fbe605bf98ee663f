// Tiles of the kind bit_serial: each output counts, plane by plane, the bits of the activations under every value of
// the codebook; its lane multiplies the counts by these values. docs/units/bit_serial.md, docs/cost.md
#include "cost/tile_kinds.hpp"
#include "kiln/cost/delays.hpp"

namespace kiln::cost {
namespace {

constexpr double kCountBits = 14;  // N
constexpr double kPlanes = 8;      // bits of an activation, one after the other

TileColumn bit_serial_column(const config::TileConfig& tile, const config::TensorFormat& format, config::RomCell cell) {
  using namespace circuits;
  const bool metal = cell == config::RomCell::Metal;
  const double regions = std::exp2(format.bits);
  const double inputs = tile.inputs_per_cycle;
  const double counters = metal ? inputs : regions * inputs;  // full adders: one for each input that may come
  const double gates = metal ? 0 : regions * inputs * kAnd;
  const double sums = regions * (adder(kCountBits) + 2 * registers(kCountBits));
  // A plane's counts on their way to the sums, a register of each for every cycle but the last.
  const double underway =
      regions * std::ceil(std::log2(inputs + 1)) * (static_cast<double>(tile.parameter("count_cycles")) - 1);
  // A plane's counts go into every region's sum; what is ready moves to the second registers once a segment only.
  const double moved = regions * (adder(kCountBits) + registers(kCountBits));
  return {counters * kFullAdder + gates + sums + registers(underway),
          kPlanes * (kFullAdder + (moved + registers(underway)) / inputs), 2 * regions * kCountBits + underway};
}

TileLane bit_serial_lane(const config::TileConfig& tile, double widest_bits) {
  using namespace circuits;
  const double regions = std::exp2(widest_bits);
  // Products on their way to the sum, a register of each for every cycle but the last.
  const double underway = regions * (8 + kCountBits) * (static_cast<double>(tile.parameter("multiply_cycles")) - 1);
  return {regions * (multiplier(8, kCountBits) + adder(kGroupSum)) + registers(underway), regions * kCountBits,
          underway};
}

std::vector<TilePath> bit_serial_paths(const TileInPlace& place) {
  const double bits = place.widest_bits;
  const double count_cycles = place.tile.parameter("count_cycles");
  const double multiply_cycles = place.tile.parameter("multiply_cycles");
  std::vector<TilePath> paths;
  // The next step's codes have the time of this one's eight planes.
  if (place.cell != config::RomCell::Metal)
    paths.push_back({.name = "read a row of ROM", .reads_rom = true, .cycles = kPlanes});
  paths.push_back({.name = "count a plane's bits",
                   .fo4 = delays::select(std::exp2(bits)) +
                          delays::carry_save(std::max(2.0, double(place.tile.inputs_per_cycle))) + delays::adder(14),
                   .wire_mm = place.line_mm,
                   .cycles = count_cycles,
                   .registers = count_cycles,
                   .key = "count_cycles"});
  paths.push_back({.name = "multiply and add the counts",
                   .fo4 = delays::multiplier(8, 14) + delays::kFullAdder * bits * 1.7 + delays::adder(21),
                   .cycles = multiply_cycles,
                   .registers = multiply_cycles,
                   .key = "multiply_cycles"});
  return paths;
}

}  // namespace

TileKind bit_serial() {
  return {.column = bit_serial_column,
          .paths = bit_serial_paths,
          .entry_lines = 1,
          .lane = bit_serial_lane,
          .may_be_wires = true};
}

}  // namespace kiln::cost
