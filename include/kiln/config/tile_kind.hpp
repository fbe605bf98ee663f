// What a config says of a kind of tile (a microarchitecture): its own parameters, which are the keys of the object
// /tile/NAME, and what it requires of the parameters that all tiles have. The known kinds: tile_kind_names().
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kiln/config/chip_config.hpp"

namespace kiln::config {

/// Upper bound of any parameter of a tile: products that the units form of several stay below 2^63.
inline constexpr std::uint32_t kMostOfTile = 65536;

/// A latency or a number of things side by side.
struct TileParameter {
  std::string key = {};   ///< "count_cycles"
  std::string unit = {};  ///< "cycles"
  std::uint32_t minimum = 1;
  std::uint32_t maximum = 4096;  ///< at most kMostOfTile
  /// One of a path that the kind's cost names by this key; it may be `auto`.
  [[nodiscard]] bool is_latency() const { return unit == "cycles" && key.ends_with("_cycles"); }
};

struct TileKind {
  std::vector<TileParameter> parameters = {};
  std::uint32_t most_inputs_per_cycle = kMostOfTile;
  /// What ranges cannot express: "has 8 ways for 4 rows; expected no more ways than rows", or empty. May be none.
  std::function<std::string(const TileConfig& tile)> fault = {};
};

/// product_select, bit_serial, rom_mac, and those registered since.
std::vector<std::string> tile_kind_names();

}  // namespace kiln::config
