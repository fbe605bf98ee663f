#include "cost/tile_shape.hpp"

#include <algorithm>
#include <cmath>

#include "cost/memory.hpp"
#include "cost/tile.hpp"

namespace kiln::cost {
namespace {

constexpr double kMacroBits = 64;  // outputs of a macro: those of the table that its densities are from
constexpr double kMicronsOfMm = 1000;

}  // namespace

double TileShape::way_mm() const {
  return 2 * side_mm * (column_mm > 0 ? std::sqrt(1 + column_load_mm / column_mm) : 1);
}

TileShape tile_shape(const program::Placement& placement, program::ArrayKind kind, std::uint32_t layers,
                     double array_mm2, const config::TechConfig& tech) {
  const auto& plan = placement.array(kind);
  const auto words = static_cast<double>(rom_words(used_tile(placement, kind), layers));
  const double um2 = macro_um2_per_bit(tech.rom_um2_per_bit, words, base::Corner::Typical);
  const double row_mm = std::sqrt(kMacroBits * words * um2) / kMicronsOfMm;
  TileShape shape;
  shape.side_mm = std::sqrt(array_mm2 / static_cast<double>(plan.tiles()));
  // All tiles' lines over all tiles' columns: as many columns as outputs in each row of tiles.
  const double line_mm = row_mm > 0 ? array_mm2 / row_mm : 0;
  shape.column_mm = line_mm / (static_cast<double>(plan.outputs) * plan.tiles_over_inputs);
  shape.column_load_mm = tech.column_load_um.typical / kMicronsOfMm;
  return shape;
}

}  // namespace kiln::cost
