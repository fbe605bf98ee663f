// Delays of a tile's paths, in delays of an inverter that drives four (FO4), against the cycles that the config gives.
#include <algorithm>
#include <cmath>

#include "cost/tile.hpp"
#include "kiln/cost/die.hpp"

namespace kiln::cost {
namespace {

using config::Microarchitecture;

// FO4 of circuits; chosen, of the order of published ones: a prefix adder of 64 bits 11, a 2:1 multiplexer 1.5, a full
// adder 3.
constexpr double kFullAdder = 3;
constexpr double kMultiplexer = 1.5;
constexpr double kAnd = 1;
double adder(double bits) { return 2 + 1.5 * std::ceil(std::log2(bits)); }
double select(double ways) { return ways > 1 ? kMultiplexer * std::ceil(std::log2(ways)) : 0; }
/// Partial products, carry-save levels of ratio 3:2, a final adder.
double multiplier(double a, double b) {
  return kAnd + kFullAdder * std::ceil(std::log(std::min(a, b) / 2) / std::log(1.5)) + adder(a + b);
}

struct Path {
  double fo4 = 0;
  double mm = 0;                                 ///< of wire
  const config::TechConstant* access = nullptr;  ///< to a memory macro
  double cycles = 1;
  double registers = 1;  ///< that the path passes
};

class Paths {
 public:
  Paths(const config::TechConfig& tech, std::uint32_t clock_mhz) : tech_(tech), period_ps_(1e6 / clock_mhz) {}

  void add(const std::string& name, const Path& path) {
    ClockPath made{name, {}, path.cycles * period_ps_};
    for (const auto corner : base::kCorners)
      made.delay_ps.at(corner) = path.fo4 * tech_.fo4_ps.at(corner) + path.mm * tech_.wire_ps_per_mm.at(corner) +
                                 (path.access != nullptr ? path.access->at(corner) : 0) +
                                 path.registers * tech_.flip_flop_ps.at(corner);
    const auto at = std::find_if(paths_.begin(), paths_.end(), [&](const ClockPath& p) { return p.name == name; });
    if (at == paths_.end())
      paths_.push_back(made);
    else if (slack(made) < slack(*at))
      *at = made;
  }
  [[nodiscard]] const std::vector<ClockPath>& all() const { return paths_; }

 private:
  static double slack(const ClockPath& path) { return path.available_ps - path.delay_ps.typical; }
  const config::TechConfig& tech_;
  double period_ps_;
  std::vector<ClockPath> paths_;
};

double widest_bits(const program::Placement& placement, const config::BakeRecipe& recipe, program::ArrayKind kind) {
  double bits = 0;
  for (const auto& section : placement.dataflow().sections(kind))
    bits = std::max<double>(bits, recipe.of(section.tensor_class).bits);
  return bits;
}

}  // namespace

std::vector<ClockPath> clock_paths(const program::Placement& placement, const config::BakeRecipe& recipe,
                                   const config::TechConfig& tech, double tile_side_mm) {
  Paths paths(tech, placement.chip().clock_mhz);
  for (std::size_t k = 0; k < program::kArrays; ++k) {
    const auto kind = static_cast<program::ArrayKind>(k);
    const config::TileConfig tile = used_tile(placement, kind);
    const double bits = widest_bits(placement, recipe, kind);
    const double inputs = tile.inputs_per_cycle;
    const double extra = inputs > 1 ? kFullAdder * std::ceil(std::log(inputs) / std::log(1.5)) : 0;
    switch (tile.microarchitecture) {
      case Microarchitecture::ProductSelect:
        // Forming and driving share `product_cycles`; a register stands between them from two on.
        paths.add("form a product and drive it across the tile",
                  {.fo4 = multiplier(8, 8),
                   .mm = tile_side_mm,
                   .cycles = double(tile.product_select->product_cycles),
                   .registers = double(tile.product_select->product_cycles)});
        paths.add("read a row of ROM",
                  {.access = &tech.rom_read_ps, .cycles = double(tile.product_select->product_cycles)});
        paths.add("select and accumulate", {.fo4 = select(std::exp2(bits)) + extra + adder(21)});
        break;
      case Microarchitecture::BitSerial:
        // The next step's codes have the time of this one's eight planes.
        if (placement.chip().silicon->rom_cell != config::RomCell::Metal)
          paths.add("read a row of ROM", {.access = &tech.rom_read_ps, .cycles = 8});
        paths.add("count a plane's bits",
                  {.fo4 = select(std::exp2(bits)) +
                          kFullAdder * std::ceil(std::log(std::max(2.0, inputs)) / std::log(1.5)) + adder(14),
                   .mm = tile_side_mm,
                   .cycles = double(tile.bit_serial->count_cycles),
                   .registers = double(tile.bit_serial->count_cycles)});
        paths.add("multiply and add the counts", {.fo4 = multiplier(8, 14) + kFullAdder * bits * 1.7 + adder(21),
                                                  .cycles = double(tile.bit_serial->multiply_cycles),
                                                  .registers = double(tile.bit_serial->multiply_cycles)});
        break;
      case Microarchitecture::RomMac:
        paths.add("read a row of ROM", {.access = &tech.rom_read_ps, .cycles = double(tile.rom_mac->read_cycles)});
        paths.add("look up and multiply", {.fo4 = select(std::exp2(bits)) + multiplier(8, 8),
                                           .mm = tile_side_mm,
                                           .cycles = double(tile.rom_mac->multiply_cycles),
                                           .registers = double(tile.rom_mac->multiply_cycles)});
        paths.add("accumulate", {.fo4 = extra + adder(21)});
        break;
    }
    paths.add("scale, shift and add", {.fo4 = multiplier(11, 21) + select(32) + 2 * adder(46),
                                       .cycles = double(tile.accumulate_cycles),
                                       .registers = double(tile.accumulate_cycles)});
  }
  paths.add("read a word of keys or values",
            {.access = &tech.sram_read_ps, .cycles = double(placement.chip().kv.read_cycles)});
  paths.add("read a row of the embedding",
            {.access = &tech.rom_read_ps, .cycles = double(placement.chip().embedding.read_cycles)});
  return paths.all();
}

}  // namespace kiln::cost
