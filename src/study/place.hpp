// A model on a chip's tiles, for every question that has a chip: cost::settle() with the chip's own technology. Private to
// the study module.
#pragma once

#include "kiln/config/catalogue.hpp"
#include "kiln/cost/settle.hpp"

namespace kiln::study {

using Placed = cost::Settled;

/// Fails as cost::settle() does, and where the technology cannot be read.
base::Result<Placed> place(const config::ModelConfig& model, const config::BakeRecipe& recipe,
                           const config::ChipConfig& chip, const config::AdapterShape& adapter,
                           const config::Catalogue& configs);

}  // namespace kiln::study
