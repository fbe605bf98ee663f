// How long the lines of a tile are. A tile is rows of ROM macros of 64 outputs with their columns' logic beside them; a
// line enters at a corner and reaches every column, so it runs along each row of macros.
//
//   height of a row h = sqrt(64 x words x um2 a bit), a square macro
//   line             = area of the tile / h            what a transition charges, and the track that it takes
//   way              = 2 sides of the tile, taken as a square: down to the last row and along it
//
// A column's gate on a line counts as `column_load_um` of wire. Millimetres, of typical areas.
#pragma once

#include "kiln/config/tech_config.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::cost {

struct TileShape {
  double side_mm = 0;         ///< of the tile as a square
  double column_mm = 0;       ///< line a column
  double column_load_mm = 0;  ///< its gate, as wire
  /// To the farthest column; a repeated wire's delay rises as the root of what it drives.
  [[nodiscard]] double way_mm() const;
};

/// `array_mm2`: of all tiles of the array, which hold the weights of `layers` layers.
TileShape tile_shape(const program::Placement& placement, program::ArrayKind kind, std::uint32_t layers,
                     double array_mm2, const config::TechConfig& tech);

}  // namespace kiln::cost
