// Delays of a tile's paths, against the cycles that the config gives.
#include <algorithm>

#include "cost/tile.hpp"
#include "cost/tile_kinds.hpp"
#include "cost/units.hpp"
#include "kiln/cost/delays.hpp"
#include "kiln/cost/die.hpp"

namespace kiln::cost {
namespace {

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
      made.delay_ps.at(corner) =
          (path.fo4 * tech_.fo4_ps.at(corner) + path.mm * tech_.wire_ps_per_mm.at(corner) +
           (path.access != nullptr ? path.access->at(corner) : 0) + path.registers * tech_.flip_flop_ps.at(corner)) /
          (1 - tech_.clock_margin.at(corner));
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

/// Of a memory of so many words: the choice of one of its macros, which are at most as long as the table's longest.
double choice_of_macro(double words) { return delays::select(std::ceil(words / config::kMacroWords.back())); }

/// Of the keys and values: a macro of a bank, and the network between banks and lanes.
double choice_of_word(const program::Placement& placement) {
  double layers = 0;
  for (const auto& stage : placement.dataflow().stages()) layers = std::max<double>(layers, stage.layers);
  return choice_of_macro(placement.chip().kv.depth_words * layers) +
         delays::kMultiplexer * crossbar_levels(crossbar_ends(placement));
}

/// Of the embedding: as many macros as its rows take words.
double choice_of_row(const program::Placement& placement) {
  const double pieces =
      std::ceil(static_cast<double>(placement.model().hidden_size) / placement.chip().embedding.elements_per_cycle);
  return choice_of_macro(placement.model().vocab_size * pieces);
}

/// Layers that share an array's tiles, of the stage with the most.
std::uint32_t sharing(const program::Placement& placement, program::ArrayKind kind) {
  if (kind == program::ArrayKind::LmHead) return 1;
  std::uint32_t most = 1;
  for (const auto& stage : placement.dataflow().stages()) most = std::max(most, stage.layers);
  return most;
}

double widest_bits(const program::Placement& placement, const config::BakeRecipe& recipe, program::ArrayKind kind) {
  double bits = 0;
  for (const auto& section : placement.dataflow().sections(kind))
    bits = std::max<double>(bits, recipe.of(section.tensor_class).bits);
  return bits;
}

}  // namespace

std::vector<ClockPath> clock_paths(const program::Placement& placement, const config::BakeRecipe& recipe,
                                   const config::TechConfig& tech, double tile_line_mm) {
  Paths paths(tech, placement.chip().clock_mhz);
  for (std::size_t k = 0; k < program::kArrays; ++k) {
    const auto kind = static_cast<program::ArrayKind>(k);
    const config::TileConfig tile = used_tile(placement, kind);
    const double macro = choice_of_macro(static_cast<double>(rom_words(tile, sharing(placement, kind))));
    for (const TilePath& path : tile_kind(tile.microarchitecture)
                                    .paths({.tile = tile,
   .cell = placement.chip().silicon.value_or(config::SiliconConfig{}).rom_cell,
   .widest_bits = widest_bits(placement, recipe, kind),
   .line_mm = tile_line_mm}))
      paths.add(path.name, {.fo4 = path.fo4 + (path.reads_rom ? macro : 0),
                            .mm = path.wire_mm,
                            .access = path.reads_rom ? &tech.rom_read_ps : nullptr,
                            .cycles = path.cycles,
                            .registers = path.registers});
    paths.add("scale, shift and add", {.fo4 = delays::multiplier(11, 21) + delays::select(32) + 2 * delays::adder(46),
                                       .cycles = double(tile.accumulate_cycles),
                                       .registers = double(tile.accumulate_cycles)});
  }
  paths.add("read a word of keys or values", {.fo4 = choice_of_word(placement),
                                              .access = &tech.sram_read_ps,
                                              .cycles = double(placement.chip().kv.read_cycles)});
  paths.add("read a row of the embedding", {.fo4 = choice_of_row(placement),
                                            .access = &tech.rom_read_ps,
                                            .cycles = double(placement.chip().embedding.read_cycles)});
  return paths.all();
}

}  // namespace kiln::cost
