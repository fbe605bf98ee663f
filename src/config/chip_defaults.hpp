// What a chip has where its file says nothing: one table (configs/README.md). Applied to the JSON before it is read, after
// what the file extends and after overrides, so that a default may follow another key. Private to the config module.
#pragma once

#include <string>
#include <vector>

#include "json/value.hpp"

namespace kiln::config {

struct ChipDefault {
  std::string pointer;
  json::Value value;   ///< or
  std::string like;    ///< the key whose value it takes
  std::string reason;  ///< as a chip's `reasons` have it
};

/// All but those of latencies, which are `auto` on a chip with /silicon, and of scale lanes, which follow the tile.
const std::vector<ChipDefault>& chip_defaults();

/// Nothing is added to what is no object, nor an object that may be left out.
void apply_chip_defaults(json::Value& chip);

}  // namespace kiln::config
