// Tiles of the kind product_select: a bank forms the products of an activation with every value of the codebook, and
// each weight's cell selects one. docs/units/product_select.md, docs/cost.md
#include "cost/product_select.hpp"

#include "cost/tile_kinds.hpp"
#include "kiln/cost/delays.hpp"

namespace kiln::cost {
namespace {

bool halves(const config::TensorFormat& format) {
  return format.bits > 4 && format.bits % 2 == 0 && format.codebook == config::CodebookKind::Uniform;
}

TileColumn product_select_column(const config::TileConfig& tile, const config::TensorFormat& format,
                                 config::RomCell cell) {
  using namespace circuits;
  const double lines = tile.inputs_per_cycle;
  // Cells that select give a product each; the halves of a wide code are still to be added.
  const bool selected_in_cell = cell == config::RomCell::TransistorPerWeight;
  const double select_one = selected_in_cell ? (std::ceil(format.bits / 4.0) - 1) * adder(kProduct) : selector(format);
  return {lines * (select_one + adder(kGroupSum)) + 2 * registers(kGroupSum),
          select_one + adder(kGroupSum) + registers(kGroupSum) / lines, 2 * kGroupSum};
}

/// A product passes a register in each of its cycles, on its way across the tile.
TileBank product_select_bank(const config::TileConfig& tile, const config::TensorFormat& format) {
  using namespace circuits;
  const double values = products_of(format);
  const double held = values * kProduct * tile.parameter("product_cycles");
  return {values * multiplier(8, 8) + registers(held), values * kProduct, held};
}

std::vector<TilePath> product_select_paths(const TileInPlace& place) {
  const double cycles = place.tile.parameter("product_cycles");
  // Forming and driving share `product_cycles`; a register is between them from two on.
  return {{.name = "form a product, drive it over the tile",
           .fo4 = delays::multiplier(8, 8),
           .wire_mm = place.line_mm,
           .cycles = cycles,
           .registers = cycles,
           .key = "product_cycles"},
          {.name = "read a row of ROM", .reads_rom = true, .cycles = cycles, .key = "product_cycles"},
          {.name = "select and accumulate",
           .fo4 = delays::select(std::exp2(place.widest_bits)) + delays::carry_save(place.tile.inputs_per_cycle) +
                  delays::adder(21)}};
}

}  // namespace

double selector(const config::TensorFormat& format) {
  using namespace circuits;
  if (!halves(format)) return select(std::exp2(format.bits), kProduct);
  return 2 * select(std::exp2(format.bits / 2), kProduct) + adder(kProduct);
}

double products_of(const config::TensorFormat& format) {
  return halves(format) ? 2 * std::exp2(format.bits / 2) : std::exp2(format.bits);
}

TileKind product_select() {
  return {.column = product_select_column, .paths = product_select_paths, .bank = product_select_bank};
}

}  // namespace kiln::cost
