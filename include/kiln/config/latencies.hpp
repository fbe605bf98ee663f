// The latencies of a chip: every key that ends in `_cycles`, wherever it is, and the registers of every link. A config
// gives each as a number or as `auto`, which is kAutomatic until cost::settle() finds its number.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "kiln/config/chip_config.hpp"

namespace kiln::config {

/// Calls `visit` with the JSON pointer and the value of each: of /tile, and of each array that has tiles of its own
/// (/tiles/qkv/...); of kinds of tiles that are there and not chosen as well. What `visit` writes is in the chip.
void for_each_latency(ChipConfig& chip,
                      const std::function<void(const std::string& pointer, std::uint32_t& value)>& visit);

/// Pointers of those that are kAutomatic.
std::vector<std::string> automatic_latencies(ChipConfig chip);

}  // namespace kiln::config
