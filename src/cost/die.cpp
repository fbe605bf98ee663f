#include "kiln/cost/die.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "cost/memory.hpp"
#include "cost/tile.hpp"
#include "cost/tile_kinds.hpp"
#include "cost/tile_shape.hpp"
#include "cost/units.hpp"
#include "cost/unplaced_die.hpp"
#include "cost/wires.hpp"

namespace kiln::cost {
namespace {

using base::Corner;
using floorplan::BlockKind;

/// Transistors of an interface's drivers and clock circuits for each that logic would have on their area: chosen, since
/// nothing is published and they are large.
constexpr double kAnalogDensity = 0.1;
/// Of a millimetre of repeated wire: eight repeaters of two inverters, chosen.
constexpr double kRepeaterTransistors = 32;
/// What `chip_link_io_mm2` carries in a direction.
constexpr double kChipLinkGbPerS = 128;
constexpr double kUm2PerMm2 = 1e6;
constexpr double kMicronsPerMm = 1e3;

/// "`bit_serial`", or more of them.
std::string kinds_of_wires() {
  std::string all;
  for (const std::string& name : tile_kinds().names())
    if (tile_kind(name).may_be_wires) all += (all.empty() ? "`" : " or `") + name + "`";
  return all;
}

/// Where the cells are wires, nothing can be read one after the other.
base::Status check_cells(const program::Placement& placement) {
  const auto& silicon = placement.chip().silicon;
  if (!silicon)
    return base::Error{
        fmt::format("chip `{}` has no /silicon; expected its technology and ROM cell", placement.chip().name)};
  if (silicon->rom_cell != config::RomCell::Metal) return {};
  for (std::size_t k = 0; k < program::kArrays; ++k) {
    const auto kind = static_cast<program::ArrayKind>(k);
    const auto& tile = placement.tile(kind);
    if (!tile_kind(tile.microarchitecture).may_be_wires || tile.rows > tile.inputs_per_cycle ||
        placement.chip().schedule != config::Schedule::LayerPipelined)
      return base::Error{
          fmt::format("/silicon/rom_cell is `metal`, but array {} has tiles of {} rows, {} in a step; expected "
                      "{} tiles whose rows are one step, and the schedule `layer_pipelined`",
                      name(kind), tile.rows, tile.inputs_per_cycle, kinds_of_wires())};
  }
  return {};
}

/// Area, transistors and leakage of an amount in one corner.
void price(const Amount& amount, const config::TechConfig& tech, Corner corner, Part& part) {
  double transistors = 0, um2 = 0, leak = 0;
  switch (amount.kind) {
    case BlockKind::Rom:
      um2 = (amount.bits + amount.weight_cells * tech.weight_cell_rom_bits.at(corner)) *
                macro_um2_per_bit(tech.rom_um2_per_bit, amount.words, corner) +
            amount.metal_weights * tech.metal_um2_per_weight.at(corner);
      transistors = (amount.bits + amount.weight_cells) * tech.rom_transistors_per_bit.at(corner);
      leak = tech.rom_leakage_w_per_mm2.at(corner);
      break;
    case BlockKind::Sram: {
      const Ports ports = sram_ports(tech, amount.ports);
      um2 = amount.bits * macro_um2_per_bit(tech.sram_um2_per_bit, amount.words, corner) * ports.area().at(corner);
      transistors = amount.bits * tech.sram_transistors_per_bit.at(corner) * ports.transistors();
      leak = tech.sram_leakage_w_per_mm2.at(corner);
      break;
    }
    case BlockKind::Logic:
    case BlockKind::Io:
      transistors = amount.transistors * tech.logic_overhead.at(corner);
      um2 = transistors * tech.logic_um2_per_transistor.at(corner);
      leak = tech.logic_leakage_w_per_mm2.at(corner);
      break;
  }
  part.transistors.at(corner) += transistors;
  part.area_mm2.at(corner) += um2 * 1e-6;
  part.leakage_w.at(corner) += um2 * 1e-6 * leak;
}

class Builder {
 public:
  Builder(const program::Placement& placement, const config::BakeRecipe& recipe, const config::TechConfig& tech)
      : placement_(placement), recipe_(recipe), tech_(tech) {}

  /// Counts a chip of the row; its typical area.
  double count(std::uint32_t chip) {
    const auto& stages = placement_.dataflow().stages();
    for (std::uint32_t s = 0; s < stages.size(); ++s)
      if (stages[s].chip == chip) add_stage(s, stages[s].layers);
    add_io("host interface", program::Unit::HostLink, tech_.host_io_mm2.range());
    const auto& chips = placement_.chip().chips;
    if (chips.count > 1)
      add_io("links to other chips", program::Unit::HostLink,
             tech_.chip_link_io_mm2.range() *
                 (chips.bytes_per_cycle * (placement_.chip().clock_mhz / 1e3) / kChipLinkGbPerS));
    return parts_mm2().typical;
  }

  /// The die without its floorplan.
  Die unplaced() {
    add_wires();
    finish();
    return std::move(die_);
  }

  Die placed() {
    Die die = unplaced();
    die.plan = floorplan::place(blocks_, die.area_mm2.typical);
    die.wires = floorplan::link_wires(die.plan, tech_.wire_ps_per_mm.typical, placement_.chip().clock_mhz);
    return die;
  }

 private:
  void add_stage(std::uint32_t stage, std::uint32_t layers) {
    die_.layers += layers;
    die_.stages += 1;
    stages_.push_back(stage);
    for (const auto& amount : stage_amounts(placement_, recipe_, stage)) {
      const Part part = priced(amount, tech_);
      if (amount.kind == BlockKind::Rom) die_.rom_bits += amount.bits + amount.held_bits;
      if (amount.kind == BlockKind::Sram) die_.sram_bits += amount.bits;
      add_block(amount, stage, part.area_mm2.typical);
      add(part);
    }
  }

  /// Parts of the same name of all stages are one.
  void add(const Part& part) {
    for (auto& known : die_.parts) {
      if (known.unit != part.unit || known.what != part.what || known.kind != part.kind) continue;
      known.transistors += part.transistors;
      known.area_mm2 += part.area_mm2;
      known.leakage_w += part.leakage_w;
      known.flip_flops += part.flip_flops;
      return;
    }
    die_.parts.push_back(part);
  }

  /// A unit of a stage is one block, its memories and its logic together.
  void add_block(const Amount& amount, std::uint32_t stage, double area) {
    const bool alone = placement_.dataflow().stages().size() == 1;
    const std::string name =
        alone ? std::string(program::name(amount.unit)) : fmt::format("{}[{}]", program::name(amount.unit), stage);
    for (auto& block : blocks_) {
      if (block.name != name) continue;
      block.area_mm2 += area;
      block.tiles = std::max(block.tiles, amount.tiles);
      // The few weights of norms do not make a memory of the vector unit.
      if (amount.kind != BlockKind::Logic && amount.unit != program::Unit::VectorUnit) block.kind = amount.kind;
      return;
    }
    blocks_.push_back({name, amount.unit, amount.kind, stage, area, amount.tiles});
  }

  void add_io(const std::string& what, program::Unit unit, const base::Range& area) {
    Part part{unit, what, BlockKind::Io, {}, area, {}};
    for (const Corner corner : base::kCorners) {
      part.transistors.at(corner) = kAnalogDensity * area.at(corner) * 1e6 / tech_.logic_um2_per_transistor.typical;
      part.leakage_w.at(corner) = area.at(corner) * tech_.logic_leakage_w_per_mm2.at(corner);
    }
    add(part);
    blocks_.push_back({what, unit, BlockKind::Io, 0, area.typical, 1});
  }

  [[nodiscard]] StageArea area_of(std::uint32_t stage) const {
    StageArea area;
    for (const auto& block : blocks_)
      if (block.stage == stage) area.add(block.unit, block.area_mm2, tech_);
    return area;
  }

  void add_lines(const floorplan::Block& block, program::ArrayKind kind) {
    const bool head = kind == program::ArrayKind::LmHead;
    const std::uint32_t layers = head ? 1 : placement_.dataflow().stages()[block.stage].layers;
    die_.wire_bit_mm += line_bit_mm(placement_, recipe_, kind, layers, block.area_mm2, tech_);
    const double way = tile_shape(placement_, kind, layers, block.area_mm2, tech_).way_mm();
    die_.tile_line_mm = std::max(die_.tile_line_mm, way);
  }

  [[nodiscard]] base::Range parts_mm2() const {
    base::Range area;
    for (const auto& part : die_.parts) area += part.area_mm2;
    return area;
  }

  /// Repeaters of all wires over distances: they are between the blocks and over them.
  void add_wires() {
    for (const std::uint32_t stage : stages_) die_.wire_bit_mm += link_bit_mm(placement_, stage, area_of(stage));
    for (const auto& block : blocks_)
      for (std::size_t k = 0; k < program::kArrays; ++k)
        if (const auto kind = static_cast<program::ArrayKind>(k); program::array_unit(kind) == block.unit)
          add_lines(block, kind);
    Part part{program::Unit::Links, "repeaters", BlockKind::Logic, {}, {}, {}};
    for (const Corner corner : base::kCorners) {
      part.transistors.at(corner) = die_.wire_bit_mm * kRepeaterTransistors;
      part.area_mm2.at(corner) = die_.wire_bit_mm * tech_.repeater_um2_per_bit_mm.at(corner) / kUm2PerMm2;
      part.leakage_w.at(corner) = part.area_mm2.at(corner) * tech_.logic_leakage_w_per_mm2.at(corner);
    }
    add(part);
  }

  /// White space, and where wires need more track than a die of that area has, more of it.
  void finish() {
    die_.area_mm2 = parts_mm2();
    Part space{std::nullopt, "white space", BlockKind::Logic, {}, {}, {}};
    for (const Corner corner : base::kCorners)
      space.area_mm2.at(corner) = die_.area_mm2.at(corner) * (tech_.placement_overhead.at(corner) - 1);
    die_.area_mm2 += space.area_mm2;
    Part track{std::nullopt, "room for wires", BlockKind::Logic, {}, {}, {}};
    const double typical = die_.area_mm2.typical;
    for (const Corner corner : base::kCorners)
      track.area_mm2.at(corner) =
          std::max(0.0, die_.wire_bit_mm * tech_.wire_track_um.at(corner) / kMicronsPerMm - typical);
    die_.area_mm2 += track.area_mm2;
    if (track.area_mm2.high > 0) die_.parts.push_back(track);
    die_.parts.push_back(space);
    for (const auto& part : die_.parts) {
      die_.transistors += part.transistors;
      die_.leakage_w += part.leakage_w;
    }
  }

  const program::Placement& placement_;
  const config::BakeRecipe& recipe_;
  const config::TechConfig& tech_;
  Die die_;
  std::vector<floorplan::Block> blocks_;
  std::vector<std::uint32_t> stages_;
};

}  // namespace

Part priced(const Amount& amount, const config::TechConfig& tech) {
  Part part{amount.unit, amount.what, amount.kind, {}, {}, {}};
  for (const Corner corner : base::kCorners) price(amount, tech, corner, part);
  part.flip_flops = amount.flip_flops;
  return part;
}

namespace {

/// A link is as long as on the die where it is longest.
void lengthen(std::vector<floorplan::LinkWire>& wires, const std::vector<floorplan::LinkWire>& others) {
  for (std::size_t i = 0; i < wires.size(); ++i)
    if (others[i].length_mm > wires[i].length_mm) wires[i] = others[i];
}

}  // namespace

base::Result<Die> unplaced_die(const program::Placement& placement, const config::BakeRecipe& recipe,
                               const config::TechConfig& tech) {
  if (const auto status = check_cells(placement); !status) return status.error();
  std::optional<Builder> largest;
  double area = 0;
  for (std::uint32_t chip = 0; chip < placement.chip().chips.count; ++chip) {
    Builder builder(placement, recipe, tech);
    const double own = builder.count(chip);
    if (largest && own <= area) continue;
    area = own;
    largest.emplace(std::move(builder));
  }
  return largest->unplaced();
}

base::Result<Die> die(const program::Placement& placement, const config::BakeRecipe& recipe,
                      const config::TechConfig& tech) {
  if (const auto status = check_cells(placement); !status) return status.error();
  std::map<double, std::uint32_t> chip_of_area;  // dies of the middle of a row are alike: one of them is placed
  for (std::uint32_t chip = 0; chip < placement.chip().chips.count; ++chip)
    chip_of_area.try_emplace(Builder(placement, recipe, tech).count(chip), chip);
  Die largest;
  for (auto at = chip_of_area.rbegin(); at != chip_of_area.rend(); ++at) {
    Builder builder(placement, recipe, tech);
    builder.count(at->second);
    Die placed = builder.placed();
    if (at == chip_of_area.rbegin())
      largest = std::move(placed);
    else
      lengthen(largest.wires, placed.wires);
  }
  return largest;
}

}  // namespace kiln::cost
