// The closed form of a kind of tile (a microarchitecture): the two terms of a product's time that differ from kind to
// kind, as an independent formula. It is checked against the chip, so nothing here may use the chip's steps.
// docs/closed-form.md
#pragma once

#include <cstdint>
#include <functional>

#include "kiln/config/chip_config.hpp"

namespace kiln::closed_form {

struct TileTime {
  std::uint64_t beat = 1;     ///< cycles of a step of inputs_per_cycle inputs
  std::uint64_t latency = 0;  ///< lambda: latencies before accumulation
};

struct TileKind {
  /// `outputs`: of the array.
  std::function<TileTime(const config::TileConfig& tile, std::uint64_t outputs)> time = {};
};

}  // namespace kiln::closed_form
