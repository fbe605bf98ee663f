// A model on a chip's tiles, with a number for everything that the chip's config gives as `auto`: latencies become their
// floors, the fewest cycles in which what they stand for can be done at the chip's clock (docs/cost.md), and links get
// as many registers as the chip's own floorplan asks for (docs/floorplan.md).
#pragma once

#include <optional>

#include "kiln/config/adapter_shape.hpp"
#include "kiln/cost/die.hpp"

namespace kiln::cost {

struct Settled {
  program::Placement placement;
  std::optional<Die> die;  ///< of this placement; none where nothing was `auto`
};

/// Whether anything of the chip is `auto`.
bool has_automatic(const config::ChipConfig& chip);

/// `automatic` of the placement's chip keeps the names of its `auto` latencies. A latency that no path of this chip has
/// (of a kind of tile that is not chosen) is 1. Fails as Placement::create() does; with an `auto` also where the chip has
/// no /silicon, where a number is more than its key allows, and where the numbers do not settle. `tech`: of the chip's
/// silicon, if it has any.
base::Result<Settled> settle(const config::ModelConfig& model, const config::BakeRecipe& recipe,
                             const config::ChipConfig& chip, const config::AdapterShape& adapter,
                             const config::TechConfig& tech);

}  // namespace kiln::cost
