// Area, transistors and leakage of a die: every unit of the chip built from textbook circuits and memory macros, at the
// low, typical and high values of a technology. Parts add up to the whole in each of the three. docs/cost.md has the
// formulas. With several chips it is the one with the most stages and layers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kiln/base/range.hpp"
#include "kiln/config/tech_config.hpp"
#include "kiln/floorplan/floorplan.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::cost {

/// What a lithography scanner exposes at once, 26 mm x 33 mm.
inline constexpr double kReticleMm2 = 858;

struct Part {
  std::optional<program::Unit> unit;  ///< none: white space
  std::string what;                   ///< "ROM", "accumulators", "banks"
  floorplan::BlockKind kind = floorplan::BlockKind::Logic;
  base::Range transistors, area_mm2, leakage_w;
  double flip_flops = 0;  ///< among the transistors that formulas count
};

struct Die {
  std::uint32_t layers = 0;  ///< on this die
  std::uint32_t stages = 0;
  std::vector<Part> parts;  ///< all stages together
  base::Range transistors, area_mm2, leakage_w;
  double rom_bits = 0, sram_bits = 0;  ///< codes and scales, whatever cells hold them; keys, values, scores, adapter
  floorplan::Floorplan plan;           ///< at typical areas
  std::vector<floorplan::LinkWire> wires;  ///< at the typical delay; each where it is longest, of all dies of a row
  double wire_bit_mm = 0;                  ///< of all wires over distances: links, product lines
  double tile_line_mm = 0;  ///< longest way to a tile's farthest column, of all arrays, its columns' gates as wire
};

/// Fails where the chip has no `silicon`, or where a cell of wires is asked for and the tiles do not allow it.
base::Result<Die> die(const program::Placement& placement, const config::BakeRecipe& recipe,
                      const config::TechConfig& tech);

/// A path between two registers, against the clock.
struct ClockPath {
  std::string name;  ///< "select and accumulate"
  base::Range delay_ps;
  double available_ps = 0;  ///< cycles that the config gives it, each the clock's period without its margin
  std::string key = {};     ///< JSON pointer of the latency that gives the cycles; none: a loop, or fixed cycles
  std::uint32_t cycles = 1;
  std::uint32_t floor_cycles = 1;  ///< with fewer it is not met; 0: not with any number
  bool counted = false;            ///< of a unit without RTL: gates counted, not held against synthesis
  bool outside = false;            ///< through interfaces and off the die: no supply makes it shorter
  [[nodiscard]] double slack_ps() const { return available_ps - delay_ps.typical; }
  [[nodiscard]] bool meets_typical() const { return delay_ps.typical <= available_ps; }
};
/// The paths of all units: those of every latency and those that take a cycle whatever the config says. Of several of
/// one name (of arrays) the one with the least slack.
std::vector<ClockPath> clock_paths(const program::Placement& placement, const config::BakeRecipe& recipe,
                                   const config::TechConfig& tech, double tile_line_mm);

/// A clock at which a path is just met, typical.
struct ClockLimit {
  double mhz = 0;
  std::string path;
  [[nodiscard]] std::uint32_t whole_mhz() const;  ///< rounded down, and not above what a config may have
};
/// The highest clock at which all paths on the die are met; `clock_mhz`: the one that `paths` are of. A frame to the host
/// takes its time whatever the clock.
std::uint32_t highest_clock_mhz(const std::vector<ClockPath>& paths, std::uint32_t clock_mhz);
/// The same of those whose cycles no latency gives (loops, and what has a fixed number), so that no `auto` moves it.
ClockLimit loops_limit(const std::vector<ClockPath>& paths, std::uint32_t clock_mhz);

}  // namespace kiln::cost
