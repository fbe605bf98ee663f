#include "cost/tile.hpp"

#include <algorithm>

#include "cost/circuits.hpp"

namespace kiln::cost {
namespace {

using namespace circuits;
using config::Microarchitecture;

constexpr double kProduct = 16;       // bits: s(15), and a bit of the wire's sign extension
constexpr double kGroupSum = 21;      // P
constexpr double kScaled = 32;        // t
constexpr double kSum = 46;           // S
constexpr double kCount = 14;         // N of bit_serial
constexpr double kPlanes = 8;         // bits of an activation, one after the other
constexpr std::uint32_t kGroup = 64;  // inputs with one scale
constexpr double kGates = 4;          // transistors of a generic gate
constexpr double kControl = 1600;     // gates of a tile's control, docs/validation/synthesis.md

const config::TensorFormat& format_of(const config::BakeRecipe& recipe, const program::Section& section) {
  return recipe.formats[static_cast<std::size_t>(section.tensor_class)];
}

bool halves(const config::TensorFormat& format) {
  return format.bits > 4 && format.bits % 2 == 0 && format.codebook == config::CodebookKind::Uniform;
}

/// What a column has, for the format of its matrix.
struct Column {
  double core = 0;        // selection and sums
  double per_weight = 0;  // of it, what one weight moves
};

Column product_select(const config::TileConfig& tile, const config::TensorFormat& format, bool selected_in_cell) {
  const double lines = tile.inputs_per_cycle;
  // Cells that select give a product each; the halves of a wide code are still to be added.
  const double select_one = selected_in_cell ? (std::ceil(format.bits / 4.0) - 1) * adder(kProduct) : selector(format);
  return {lines * (select_one + adder(kGroupSum)) + 2 * registers(kGroupSum),
          select_one + adder(kGroupSum) + registers(kGroupSum) / lines};
}

Column bit_serial(const config::TileConfig& tile, const config::TensorFormat& format, bool metal) {
  const double regions = std::exp2(format.bits);
  const double inputs = tile.inputs_per_cycle;
  const double counters = metal ? inputs : regions * inputs;  // full adders: one for each input that may come
  const double gates = metal ? 0 : regions * inputs * kAnd;
  const double sums = regions * (adder(kCount) + 2 * registers(kCount));
  // A plane's counts go into every region's sum; what is ready moves to the second registers once a segment only.
  const double moved = regions * (adder(kCount) + registers(kCount));
  return {counters * kFullAdder + gates + sums, kPlanes * (kFullAdder + moved / inputs)};
}

Column rom_mac(const config::TileConfig& tile, const config::TensorFormat& format) {
  const double look_up = select(std::exp2(format.bits), 8);
  const double mac = look_up + multiplier(8, 8) + registers(kProduct) + adder(kGroupSum);
  const double slots = std::ceil(static_cast<double>(tile.columns) / tile.rom_mac->mac_lanes);  // columns of a lane
  const double share = static_cast<double>(tile.rom_mac->mac_lanes) / tile.columns;             // of a lane in a column
  return {share * (tile.inputs_per_cycle * mac + select(slots, kGroupSum)) + 2 * registers(kGroupSum),
          mac + registers(kGroupSum) / tile.inputs_per_cycle};
}

Column column(const config::TileConfig& tile, const config::TensorFormat& format, config::RomCell cell) {
  switch (tile.microarchitecture) {
    case Microarchitecture::ProductSelect:
      return product_select(tile, format, cell == config::RomCell::TransistorPerWeight);
    case Microarchitecture::BitSerial:
      return bit_serial(tile, format, cell == config::RomCell::Metal);
    case Microarchitecture::RomMac:
      break;
  }
  return rom_mac(tile, format);
}

/// A lane behind the columns: what multiplies the counts (bit_serial), the scale, the shift, the sum S.
double lane(const config::TileConfig& tile, double widest_bits) {
  double transistors = multiplier(11, kGroupSum) + multiplier(3, 8) + shifter(kScaled, 32) + adder(kScaled) +
                       registers(kScaled) + adder(kSum);
  if (tile.microarchitecture == Microarchitecture::BitSerial)
    transistors += std::exp2(widest_bits) * (multiplier(8, kCount) + adder(kGroupSum));
  return transistors;
}

}  // namespace

double selector(const config::TensorFormat& format) {
  if (!halves(format)) return select(std::exp2(format.bits), kProduct);
  return 2 * select(std::exp2(format.bits / 2), kProduct) + adder(kProduct);
}

double products_of(const config::TensorFormat& format) {
  return halves(format) ? 2 * std::exp2(format.bits / 2) : std::exp2(format.bits);
}

config::TileConfig used_tile(const program::Placement& placement, program::ArrayKind kind) {
  const auto& plan = placement.array(kind);
  config::TileConfig tile = placement.tile(kind);
  tile.rows = std::min(tile.rows, plan.inputs);
  tile.columns = std::min(tile.columns, plan.outputs);
  tile.inputs_per_cycle = std::min({tile.inputs_per_cycle, tile.rows, kGroup});
  tile.scale_lanes = std::min(tile.scale_lanes, tile.columns);
  if (tile.rom_mac) tile.rom_mac->mac_lanes = std::min(tile.rom_mac->mac_lanes, tile.columns);
  return tile;
}

std::uint64_t rom_words(const config::TileConfig& tile, std::uint32_t layers) {
  const std::uint64_t steps = tile.rows / kGroup * base::ceil_div(kGroup, tile.inputs_per_cycle) +
                              base::ceil_div(tile.rows % kGroup, tile.inputs_per_cycle);
  const std::uint64_t parts =
      tile.microarchitecture == Microarchitecture::RomMac ? base::ceil_div(tile.columns, tile.rom_mac->mac_lanes) : 1;
  return steps * parts * layers;
}

TileCircuits tile_circuits(const program::Placement& placement, const config::BakeRecipe& recipe,
                           program::ArrayKind kind) {
  const config::TileConfig tile = used_tile(placement, kind);
  const auto& plan = placement.array(kind);
  const auto& sections = placement.dataflow().sections(kind);
  const config::RomCell cell = placement.chip().silicon->rom_cell;
  const double over_inputs = plan.tiles_over_inputs;
  const double over_outputs = plan.tiles_over_outputs;
  const double tiles = static_cast<double>(plan.tiles());
  const double lanes = tile.scale_lanes;
  const double slots = std::ceil(tile.columns / lanes);

  TileCircuits all;
  double widest = 0;
  for (const auto& section : sections) {
    const auto& format = format_of(recipe, section);
    const Column one = column(tile, format, cell);
    all.accumulators += over_inputs * section.rows * (one.core + registers(kSum));
    all.per_weight += one.per_weight * section.rows / plan.outputs;
    widest = std::max<double>(widest, format.bits);
  }
  all.scale_lane = lane(tile, widest);
  const double enters = tile.microarchitecture == Microarchitecture::BitSerial ? std::exp2(widest) * kCount : kGroupSum;
  all.scales = tiles * lanes * (all.scale_lane + select(slots, enters) + select(slots, kSum));
  all.control = tiles * kControl * kGates;
  if (tile.microarchitecture == Microarchitecture::ProductSelect) {
    // A tile has the bank of every matrix that reaches into it: of each matrix, the tiles that its columns touch.
    std::uint64_t first = 0;
    for (const auto& section : sections) {
      const double touched = static_cast<double>((first + section.rows - 1) / tile.columns - first / tile.columns + 1);
      const double values = products_of(format_of(recipe, section));
      const double bank = values * (multiplier(8, 8) + registers(kProduct));
      all.products += over_inputs * touched * tile.inputs_per_cycle * bank;
      all.bank += bank * touched / over_outputs;
      all.lines += values * kProduct * touched / over_outputs;
      first += section.rows;
    }
  } else if (tile.microarchitecture == Microarchitecture::BitSerial) {
    all.bank = registers(1);
    all.lines = 1;
  } else {
    all.bank = registers(8);
    all.lines = 8;
  }
  // The whole vector with an exponent and a step for each group, and the choice of a step's activations.
  all.input = registers(plan.inputs * (8 + 12.0 / 64)) +
              over_inputs * select(static_cast<double>(base::ceil_div(tile.rows, tile.inputs_per_cycle)),
                                   8.0 * tile.inputs_per_cycle);
  return all;
}

}  // namespace kiln::cost
