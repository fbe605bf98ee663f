// A kind of tile (a microarchitecture) of your own, from a program that links Kiln: describe it, register it before the
// first config is read, and every question takes chips whose configs name it. Each part is one layer's view of the
// tile; its header says what it means. docs/extending.md walks through an example.
#pragma once

#include <optional>
#include <string>

#include "kiln/base/result.hpp"
#include "kiln/chip/timing/tile_kind.hpp"
#include "kiln/closed_form/tile_kind.hpp"
#include "kiln/config/tile_kind.hpp"
#include "kiln/cost/tile_kind.hpp"
#include "kiln/functional/tile_kind.hpp"

namespace kiln::extend {

struct TileKind {
  std::string name = {};                              ///< for /tile/microarchitecture: "my_tile"
  config::TileKind config = {};                       ///< parameters, the keys of /tile/my_tile
  chip::TileKind timing = {};                         ///< steps and counts
  closed_form::TileKind closed_form = {};             ///< the same time as a formula: each run is checked against it
  cost::TileKind cost = {};                           ///< circuits and critical paths
  std::optional<functional::TileKind> products = {};  ///< none: products are multiplied and added one by one
};

/// Adds a kind to every layer, or says in a sentence what it lacks; a name that exists already is refused. Any thread
/// may call it, but chips are read, placed and run only after. There is no RTL for a kind of your own: `kiln rtl`
/// refuses its chips.
base::Status register_tile_kind(const TileKind& kind);

}  // namespace kiln::extend
