// Area of memory macros by their words: between the words that a technology gives, area per bit is linear in 1 / words
// (cells, and a column's periphery shared by its words); beyond the last it stays, below the first it goes on as
// typical does.
//
// Several reads a cycle of the same SRAM: cells with that many ports, or copies of the SRAM with fewer ports each, whose
// writes go to all of them; whichever has less typical area.
#pragma once

#include <array>
#include <cstdint>

#include "kiln/config/tech_config.hpp"

namespace kiln::cost {

/// An SRAM that is read `ports` times a cycle, against one that is read once.
struct Ports {
  double copies = 1;
  double of_a_copy = 1;          ///< ports
  base::Range cell = {1, 1, 1};  ///< area of a cell
  [[nodiscard]] base::Range area() const { return cell * copies; }
  /// Cells of six transistors and two for every further port.
  [[nodiscard]] double transistors() const { return copies * (4 + 2 * of_a_copy) / 6; }
  /// Of a word line or a bit line: what an access drives.
  [[nodiscard]] base::Range line() const;
};
Ports sram_ports(const config::TechConfig& tech, std::uint32_t ports);

double macro_um2_per_bit(const std::array<config::TechConstant, config::kMacroWords.size()>& densities, double words,
                         base::Corner corner);

}  // namespace kiln::cost
