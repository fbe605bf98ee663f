// The wires of a chip that go over distances: the links between its units, each with its real width, and the product
// lines of its tiles. Lengths are those of a stage's area, not of its placement: the placer jumps between arrangements
// when an area changes by a thousandth, and a search over designs would find the jumps. Bits, millimetres.
#pragma once

#include <map>
#include <vector>

#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/tech_config.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::cost {

/// What joins two units of a stage.
struct Bus {
  config::Link link = config::Link::VectorToVector;
  program::Unit from = program::Unit::VectorUnit;
  program::Unit to = program::Unit::VectorUnit;
  double wires = 0;  ///< side by side; each link register has as many bits
};
/// Those of a stage: the first has the sequencer's, one with layers those of its arrays and of attention, the last those
/// of the LM head.
std::vector<Bus> buses(const program::Placement& placement, std::uint32_t stage);

/// Those of all stages, each kind once.
std::vector<Bus> buses(const program::Placement& placement);

/// Bits that a token moves over a bus, in all layers together; over those of the LM head, a token with logits.
double bits_per_token(const program::Placement& placement, const Bus& bus);

/// Typical areas of a stage: its region, and its units.
struct StageArea {
  double whole_mm2 = 0;
  std::map<program::Unit, double> units = {};
  /// What a unit has, or a part of it; its share of white space is the region's.
  void add(program::Unit unit, double mm2, const config::TechConfig& tech) {
    units[unit] += mm2;
    whole_mm2 += mm2 * tech.placement_overhead.typical;
  }
  [[nodiscard]] double of(program::Unit unit) const {
    const auto at = units.find(unit);
    return at == units.end() ? 0 : at->second;
  }
};
/// Of a bus: as far as its bits go on the mean, and as far as its wires reach. Arrays and the embedding ROM are spread
/// over the square region of a stage, with the vector unit at its centre; what is beside the vector unit is half its own
/// side and half the vector unit's away.
struct Length {
  double mean_mm = 0, farthest_mm = 0;
};
Length length(const Bus& bus, const StageArea& stage);

/// Bits times millimetres of all links of a stage.
double link_bit_mm(const program::Placement& placement, std::uint32_t stage, const StageArea& area);

/// Bits times millimetres of the lines across an array's tiles.
double line_bit_mm(const program::Placement& placement, const config::BakeRecipe& recipe, program::ArrayKind kind,
                   std::uint32_t layers, double array_mm2, const config::TechConfig& tech);

}  // namespace kiln::cost
