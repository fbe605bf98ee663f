// What a kind of tile (a microarchitecture) is made of and how long its paths take. Transistors are those that formulas
// count (circuits.hpp), without overhead; the same counts give area, leakage and the energy of an operation. What all
// kinds have is added to it: the input buffer, scales, shifts, sums, control. docs/cost.md
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/chip_config.hpp"
#include "kiln/cost/circuits.hpp"

namespace kiln::cost {

/// A column of a tile (one output), for weights of one format.
struct TileColumn {
  double transistors = 0;  ///< selection or multiplication, and sums
  double per_weight = 0;   ///< of them, what one weight moves
  double flip_flops = 0;   ///< among them: the clock drives each
};

/// What forms the products of one activation for all columns of a matrix in a tile.
struct TileBank {
  double transistors = 0;
  double lines = 0;  ///< wires that lead the products across the tile
  double flip_flops = 0;
};

/// What a lane has before it scales a column's sum P: one lane serves several columns.
struct TileLane {
  double transistors = 0;
  double bits = circuits::kGroupSum;  ///< that it takes of a column at a time
  double flip_flops = 0;
};

/// A path between two registers: its circuits, its wire, a read of the weights.
struct TilePath {
  std::string name = {};  ///< "select and accumulate"
  double fo4 = 0;         ///< delays.hpp
  double wire_mm = 0;
  bool reads_rom = false;
  double cycles = 1;     ///< that the config gives it
  double registers = 1;  ///< that it passes
  std::string key = {};  ///< of the kind's parameters, the latency that `cycles` is; none: a loop, or fixed cycles
};

/// A tile of an array, as its paths see it.
struct TileInPlace {
  const config::TileConfig& tile;  ///< without what the array has no use for
  config::RomCell cell = config::RomCell::TransistorPerBit;
  double widest_bits = 0;  ///< of a code, over the matrices of the array
  double line_mm = 0;      ///< to the farthest column, with the columns' gates as wire
};

struct TileKind {
  std::function<TileColumn(const config::TileConfig& tile, const config::TensorFormat& format, config::RomCell cell)>
      column = {};
  std::function<std::vector<TilePath>(const TileInPlace& place)> paths = {};
  /// None: activations enter as they are, over `entry_lines` wires.
  std::function<TileBank(const config::TileConfig& tile, const config::TensorFormat& format)> bank = {};
  double entry_lines = 8;
  /// None: a lane takes P. `widest_bits` as above.
  std::function<TileLane(const config::TileConfig& tile, double widest_bits)> lane = {};
  /// The parameter that says how many columns are served at a time, if it is not all of them: a step then reads its ROM
  /// rows in as many parts, and lanes beyond the array's columns are not built.
  std::string column_lanes = {};
  /// Weights may be wires (rom_cell `metal`): all codes act at the same time.
  bool may_be_wires = false;
};

}  // namespace kiln::cost
