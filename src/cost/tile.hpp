// What the tiles of one array are made of: cells and transistors, by their kind. Counts are of all tiles
// of one array of one stage; `code_bits` and widths follow docs/numerics.md.
#pragma once

#include "kiln/config/bake_recipe.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::cost {

/// Transistors that formulas count, without overhead, and the flip-flops among them.
struct TileCircuits {
  double products = 0;      ///< banks that form products, or what multiplies elsewhere
  double accumulators = 0;  ///< selection, sums and their second set of registers
  double scales = 0;        ///< group scales, sums S
  double control = 0;
  double input = 0;  ///< the array's input buffer
  double product_flip_flops = 0;
  double accumulator_flip_flops = 0;
  double scale_flip_flops = 0;
  double input_flip_flops = 0;
  // Of single operations, for energy:
  double bank = 0;              ///< products of one activation
  double lines = 0;             ///< wires that run across a tile for one activation
  double column_lines = 0;      ///< of them, those that pass a column: each matrix's pass its own, mean over columns
  double line_uses = 1;         ///< times that they are used for it
  double per_weight = 0;        ///< one weight's selection and addition (or multiplication), mean over the matrices
  double scale_lane = 0;        ///< one group scale and its sum
  bool forms_products = false;  ///< the wires carry products
};
TileCircuits tile_circuits(const program::Placement& placement, const config::BakeRecipe& recipe,
                           program::ArrayKind array);

/// The tiles of an array without what none of them uses: no more rows, columns and lanes than the array has, no more
/// inputs in a step than a group of 64.
config::TileConfig used_tile(const program::Placement& placement, program::ArrayKind kind);

/// Columns of a used tile that take turns at a scale lane.
double columns_of_a_scale_lane(const config::TileConfig& tile);

/// Words of a used tile's ROM macro: rows that are read one after the other, of all layers that share the tile. A step
/// takes inputs of one group.
std::uint64_t rom_words(const config::TileConfig& tile, std::uint32_t layers);

}  // namespace kiln::cost
