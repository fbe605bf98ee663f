// The keys of a tile, for the chip's schema. Private to the config module.
#pragma once

#include "config/fields.hpp"

namespace kiln::config {

/// `need`: Optional where the keys change some of another tile's.
void describe(FieldVisitor& v, TileConfig& tile, Need need);

}  // namespace kiln::config
