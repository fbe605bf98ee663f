// Tile array and reduction tree: the terms of a matrix product's time that depend on how the matrix is cut into tiles.
// Groups are 64 inputs, counted from the array's input 0; a tile that begins inside a group cuts it.
#pragma once

#include <cstdint>

#include "kiln/config/chip_config.hpp"

namespace kiln::closed_form {

/// sigma: cycles that the partial sums of one tile need to take their group scale.
std::uint64_t scale_slot_cycles(const config::TileConfig& tile, std::uint64_t outputs);

/// beat: cycles of a step of inputs_per_cycle inputs, by the tile's microarchitecture.
std::uint64_t beat_cycles(const config::TileConfig& tile, std::uint64_t outputs);

/// lambda: latencies before accumulation, by the tile's microarchitecture.
std::uint64_t latency_cycles(const config::TileConfig& tile, std::uint64_t outputs);

/// Cycles for a tile that holds inputs [begin, end): every segment costs its inputs or its scales, whichever is longer.
std::uint64_t tile_pass_cycles(std::uint64_t begin, std::uint64_t end, std::uint64_t inputs_per_cycle,
                               std::uint64_t beat, std::uint64_t sigma);

/// The slowest tile: evaluates at most one period of the cut pattern (64 tiles) and the clipped last tile.
std::uint64_t pass_cycles(const config::TileConfig& tile, std::uint64_t inputs, std::uint64_t beat,
                          std::uint64_t sigma);

/// Hops that the INT32 parts of the most cut group make: evaluates at most one period (63 groups) and the clipped last
/// group.
std::uint64_t chain_hops(std::uint64_t rows, std::uint64_t inputs);

/// T: from the start of a product (the barrier is passed) to its partial sums.
std::uint64_t product_cycles(const config::TileConfig& tile, std::uint64_t inputs, std::uint64_t outputs);

/// Levels of a tree with `fan_in` >= 2 over `tiles` >= 1 partial sums: the smallest d with fan_in^d >= tiles.
std::uint64_t tree_depth(std::uint64_t tiles, std::uint64_t fan_in);

}  // namespace kiln::closed_form
