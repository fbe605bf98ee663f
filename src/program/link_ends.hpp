// Which units the links of the chip join: what the link map, the floorplan and the cost model read. A kind of link may
// join several pairs of units (every array has its own); a stage has those of which it has both ends. The closed form
// and the RTL know for themselves which links a token passes, on purpose.
#pragma once

#include <vector>

#include "kiln/config/link.hpp"
#include "kiln/program/dataflow.hpp"

namespace kiln::program {

struct LinkEnds {
  config::Link link = config::Link::VectorToVector;
  Unit from = Unit::VectorUnit;
  Unit to = Unit::VectorUnit;
};

/// Every pair of units once, in the order in which the simulated chip numbers its links. The link from vector unit to
/// vector unit leads into the next stage.
const std::vector<LinkEnds>& link_ends();

}  // namespace kiln::program
