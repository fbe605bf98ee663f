// A die without its floorplan, which takes nine tenths of the time: for whoever screens thousands of designs and places
// the best of them. Private to the cost module and to tests.
#pragma once

#include "kiln/cost/die.hpp"

namespace kiln::cost {

/// What die() gives, but for `plan` and `wires`, which are empty.
base::Result<Die> unplaced_die(const program::Placement& placement, const config::BakeRecipe& recipe,
                               const config::TechConfig& tech);

}  // namespace kiln::cost
