#include <algorithm>
#include <cmath>
#include <limits>

#include "floorplan/link_registers.hpp"
#include "floorplan/ways.hpp"
#include "kiln/base/result.hpp"

namespace kiln::floorplan {

std::uint32_t link_registers(double length_mm, double wire_ps_per_mm, std::uint32_t clock_mhz) {
  constexpr double kRounding = 1e-9;
  constexpr double kPsPerUs = 1e6;
  constexpr double kMost = std::numeric_limits<std::uint32_t>::max();
  const double cycles = length_mm * wire_ps_per_mm * static_cast<double>(clock_mhz) / kPsPerUs;
  const double whole = std::ceil(cycles - kRounding * std::max(1.0, cycles));
  return static_cast<std::uint32_t>(std::clamp(whole, 1.0, kMost));
}

TileGrid tile_grid(const PlacedBlock& block) { return tile_grid(block.block.tiles, block.place); }

std::vector<LinkWire> link_wires(const Floorplan& plan, double wire_ps_per_mm, std::uint32_t clock_mhz) {
  base::check(std::isfinite(wire_ps_per_mm) && wire_ps_per_mm >= 0, "link_wires: a wire's delay is no time");
  base::check(clock_mhz > 0, "link_wires: no clock");
  std::vector<Site> sites;
  sites.reserve(plan.blocks.size());
  for (const PlacedBlock& placed : plan.blocks) {
    sites.push_back({placed.block.unit, placed.block.stage, placed.block.tiles, placed.place});
  }
  const Ways ways = longest_ways(SiteIndex(sites), sites);
  std::vector<LinkWire> wires;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    const Way& way = ways[i];
    LinkWire wire{config::kNamedLinks[i].link, way.length_mm, link_registers(way.length_mm, wire_ps_per_mm, clock_mhz),
                  "", ""};
    if (way.exists) {
      wire.from = plan.blocks[way.from].block.name;
      wire.to = plan.blocks[way.to].block.name;
    }
    wires.push_back(std::move(wire));
  }
  return wires;
}

}  // namespace kiln::floorplan
