// All paths of a chip as what they are made of, before a technology says how long that takes.
#pragma once

#include <string>
#include <vector>

#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/tech_config.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::cost {

struct Path {
  std::string name;
  std::string key = {};  ///< JSON pointer of the latency that gives it its cycles; none: a loop, or fixed cycles
  double fo4 = 0;        ///< of gates, delays.hpp
  double mm = 0;         ///< of wire
  const config::TechConstant* access = nullptr;  ///< to a memory macro
  double cycles = 1;
  bool divided = false;  ///< registers can cut it: one a cycle
  double registers = 1;  ///< that it passes if it is not
  bool counted = false;  ///< no RTL
  bool outside = false;  ///< through interfaces and off the die
};

/// Of every array's tiles, trees and units. `tile_line_mm`: of the longest of an array's tiles (Die).
std::vector<Path> all_paths(const program::Placement& placement, const config::BakeRecipe& recipe,
                            const config::TechConfig& tech, double tile_line_mm);

}  // namespace kiln::cost
