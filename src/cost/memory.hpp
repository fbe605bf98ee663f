// Area of memory macros by their words: between the words that a technology gives, area per bit is linear in 1 / words
// (cells, and a column's periphery shared by its words); beyond the last it stays, below the first it goes on as
// typical does.
#pragma once

#include <array>

#include "kiln/config/tech_config.hpp"

namespace kiln::cost {

double macro_um2_per_bit(const std::array<config::TechConstant, config::kMacroWords.size()>& densities, double words,
                         base::Corner corner);

}  // namespace kiln::cost
