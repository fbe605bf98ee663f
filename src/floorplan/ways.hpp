// The longest way of every link over a set of placed blocks. kiln/floorplan/floorplan.hpp says where a way begins and
// ends.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <span>
#include <vector>

#include "floorplan/slicing.hpp"
#include "kiln/config/link.hpp"

namespace kiln::floorplan {

struct Site {
  program::Unit unit = program::Unit::Links;
  std::uint32_t stage = 0;
  std::uint64_t tiles = 1;
  Rectangle place;
};

struct Way {
  double length_mm = 0;
  bool exists = false;
  std::size_t from = 0, to = 0;  ///< sites
};
/// Of each link.
using Ways = std::array<Way, config::kLinks>;

/// Sites of each unit.
using Units = std::array<std::vector<std::size_t>, program::kUnits>;
/// Which site is what; valid for any places of the same sites.
struct SiteIndex {
  explicit SiteIndex(std::span<const Site> sites);
  Units all;
  std::map<std::uint32_t, Units> stages;
};
Ways longest_ways(const SiteIndex& index, std::span<const Site> sites);

/// Rows and columns of near-square cells.
TileGrid tile_grid(std::uint64_t tiles, const Rectangle& place);

}  // namespace kiln::floorplan
