// A model on a chip's tiles, for every question that has a chip. Where the config says `"link": "auto"` the links get as
// many registers as the chip's own floorplan asks for (docs/floorplan.md). Private to the study module.
#pragma once

#include <optional>

#include "kiln/config/adapter_shape.hpp"
#include "kiln/config/catalogue.hpp"
#include "kiln/cost/die.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::study {

struct Placed {
  program::Placement placement;
  std::optional<cost::Die> die;  ///< of this placement, where the links needed it
};

/// Fails as Placement::create() does; with links from the floorplan also where the chip has no /silicon and where the
/// registers do not settle.
base::Result<Placed> place(const config::ModelConfig& model, const config::BakeRecipe& recipe,
                           const config::ChipConfig& chip, const config::AdapterShape& adapter,
                           const config::Catalogue& configs);

}  // namespace kiln::study
