// A chip of figures that can be worked out by hand, for tests of units without a kernel.
#pragma once

#include <gtest/gtest.h>

#include "kiln/program/activity.hpp"
#include "kiln/program/placement.hpp"
#include "support/models.hpp"

namespace kiln::chip {

using program::Activity;

/// A small model and a chip with figures that can be worked out by hand; `edit` may change both before they are placed.
template <class Edit>
program::Placement placed(Edit&& edit) {
  config::ModelConfig m = support::model_of({"hand", 128, 192, 2, 4, 2, 64, 300, 64});
  config::ChipConfig c;  // W = 64: 2 beats hidden, 3 FFN, 2 k, 2 v, 4 q, 5 vocabulary
  c.name = "hand";
  edit(m, c);
  auto result = program::Placement::create(m, {}, c);
  base::check(result.ok(), result.ok() ? "" : result.error().message);
  return std::move(result).value();
}
/// 100 inputs by 50 outputs; the caller chooses how they multiply.
inline config::TileConfig tile_100_by_50(std::uint32_t inputs_per_cycle, std::uint32_t scale_lanes) {
  config::TileConfig t;
  t.rows = 100;
  t.columns = 50;
  t.inputs_per_cycle = inputs_per_cycle;
  t.scale_lanes = scale_lanes;
  t.accumulate_cycles = 3;
  return t;
}

/// The same with 130 inputs and 130 outputs on the array of the output projection, and these tiles.
inline program::Placement placed_130(const config::TileConfig& tile, int bits = 4) {
  config::ModelConfig m = support::model_of({"hand-130", 130, 64, 1, 1, 1, 130, 40, 16});
  config::ChipConfig c;
  c.name = "hand-130";
  c.tile = tile;
  config::BakeRecipe recipe;
  for (auto& format : recipe.formats) format.bits = bits;
  auto result = program::Placement::create(m, recipe, c);
  base::check(result.ok(), result.ok() ? "" : result.error().message);
  return std::move(result).value();
}
inline program::Placement placed() {
  return placed([](config::ModelConfig&, config::ChipConfig&) {});
}

}  // namespace kiln::chip
