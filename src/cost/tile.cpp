#include "cost/tile.hpp"

#include <algorithm>

#include "cost/tile_kinds.hpp"

namespace kiln::cost {
namespace {

using namespace circuits;

constexpr double kScaled = 32;        // t
constexpr double kSum = 46;           // S
constexpr std::uint32_t kGroup = 64;  // inputs with one scale
constexpr double kGates = 4;          // transistors of a generic gate
constexpr double kControl = 1600;     // gates of a tile's control, docs/validation/synthesis.md

const config::TensorFormat& format_of(const config::BakeRecipe& recipe, const program::Section& section) {
  return recipe.formats[static_cast<std::size_t>(section.tensor_class)];
}

/// A lane after the columns: what the kind has before it, the scale, the shift, the sum S.
double lane_transistors(const TileLane& lane, double scaled_bits) {
  double transistors = multiplier(11, kGroupSum) + multiplier(3, 8) + shifter(kScaled, 32) + adder(kScaled) +
                       registers(scaled_bits) + adder(kSum);
  transistors += lane.transistors;
  return transistors;
}

/// What brings activations to the columns, for area and for energy.
void add_entry(TileCircuits& all, const TileKind& kind, const config::TileConfig& tile, const program::ArrayPlan& plan,
               const std::vector<program::Section>& sections, const config::BakeRecipe& recipe) {
  const double over_inputs = plan.tiles_over_inputs;
  const double over_outputs = plan.tiles_over_outputs;
  all.forms_products = static_cast<bool>(kind.bank);
  if (!kind.bank) {
    all.bank = registers(kind.entry_lines);
    all.lines = kind.entry_lines;
    all.column_lines = kind.entry_lines;
    all.line_uses = 8 / kind.entry_lines;
    return;
  }
  // A tile has the bank of every matrix that reaches into it: of each matrix, the tiles that its columns touch.
  std::uint64_t first = 0;
  for (const auto& section : sections) {
    // NOLINTNEXTLINE(bugprone-integer-division): whole tiles are meant
    const double touched = static_cast<double>((first + section.rows - 1) / tile.columns - first / tile.columns + 1);
    const TileBank bank = kind.bank(tile, format_of(recipe, section));
    all.products += over_inputs * touched * tile.inputs_per_cycle * bank.transistors;
    all.product_flip_flops += over_inputs * touched * tile.inputs_per_cycle * bank.flip_flops;
    all.column_lines += bank.lines * section.rows / plan.outputs;
    all.bank += bank.transistors * touched / over_outputs;
    all.lines += bank.lines * touched / over_outputs;
    first += section.rows;
  }
}

}  // namespace

config::TileConfig used_tile(const program::Placement& placement, program::ArrayKind kind) {
  const auto& plan = placement.array(kind);
  config::TileConfig tile = placement.tile(kind);
  tile.rows = std::min(tile.rows, plan.inputs);
  tile.columns = std::min(tile.columns, plan.outputs);
  tile.inputs_per_cycle = std::min({tile.inputs_per_cycle, tile.rows, kGroup});
  tile.scale_lanes = std::min(tile.scale_lanes, tile.columns);
  if (const std::string& lanes = tile_kind(tile.microarchitecture).column_lanes; !lanes.empty()) {
    std::uint32_t& count = tile.parameters[tile.microarchitecture][lanes];
    count = std::min(count, tile.columns);
  }
  return tile;
}

double columns_of_a_scale_lane(const config::TileConfig& tile) {
  return std::ceil(static_cast<double>(tile.columns) / tile.scale_lanes);
}

std::uint64_t rom_words(const config::TileConfig& tile, std::uint32_t layers) {
  const std::uint64_t steps = tile.rows / kGroup * base::ceil_div(kGroup, tile.inputs_per_cycle) +
                              base::ceil_div(tile.rows % kGroup, tile.inputs_per_cycle);
  const std::string& lanes = tile_kind(tile.microarchitecture).column_lanes;
  const std::uint64_t parts = lanes.empty() ? 1 : base::ceil_div(tile.columns, tile.parameter(lanes));
  return steps * parts * layers;
}

TileCircuits tile_circuits(const program::Placement& placement, const config::BakeRecipe& recipe,
                           program::ArrayKind array) {
  const config::TileConfig tile = used_tile(placement, array);
  const TileKind& kind = tile_kind(tile.microarchitecture);
  const auto& plan = placement.array(array);
  const auto& sections = placement.dataflow().sections(array);
  const config::RomCell cell = placement.chip().silicon->rom_cell;
  const double over_inputs = plan.tiles_over_inputs;
  const double tiles = static_cast<double>(plan.tiles());
  const double lanes = tile.scale_lanes;
  const double slots = columns_of_a_scale_lane(tile);

  TileCircuits all;
  double widest = 0;
  for (const auto& section : sections) {
    const auto& format = format_of(recipe, section);
    const TileColumn one = kind.column(tile, format, cell);
    all.accumulators += over_inputs * section.rows * (one.transistors + registers(kSum));
    all.accumulator_flip_flops += over_inputs * section.rows * (one.flip_flops + kSum);
    all.per_weight += one.per_weight * section.rows / plan.outputs;
    widest = std::max<double>(widest, format.bits);
  }
  const TileLane lane = kind.lane ? kind.lane(tile, widest) : TileLane{};
  // t is registered in every cycle but the last, after which S is.
  const double scaled_bits = kScaled * (tile.accumulate_cycles - 1.0);
  all.scale_lane = lane_transistors(lane, scaled_bits);
  all.scale_flip_flops = tiles * lanes * (lane.flip_flops + scaled_bits);
  all.scales = tiles * lanes * (all.scale_lane + select(slots, lane.bits) + select(slots, kSum));
  all.control = tiles * kControl * kGates;
  add_entry(all, kind, tile, plan, sections, recipe);
  // The whole vector with an exponent and a step for each group, and the choice of a step's activations.
  all.input_flip_flops = plan.inputs * (8 + 12.0 / 64);
  all.input = registers(all.input_flip_flops) +
              over_inputs * select(static_cast<double>(base::ceil_div(tile.rows, tile.inputs_per_cycle)),
                                   8.0 * tile.inputs_per_cycle);
  return all;
}

}  // namespace kiln::cost
