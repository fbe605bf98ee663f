#include "closed_form/array_formulas.hpp"

#include <algorithm>
#include <numeric>

#include "closed_form/tile_kinds.hpp"
#include "kiln/base/units.hpp"

namespace kiln::closed_form {
namespace {

using base::ceil_div;
constexpr std::uint64_t kGroup = 64;

}  // namespace

std::uint64_t scale_slot_cycles(const config::TileConfig& tile, std::uint64_t outputs) {
  return ceil_div(std::min<std::uint64_t>(tile.columns, outputs), tile.scale_lanes);
}

std::uint64_t beat_cycles(const config::TileConfig& tile, std::uint64_t outputs) {
  return tile_kind(tile.microarchitecture).time(tile, outputs).beat;
}

std::uint64_t latency_cycles(const config::TileConfig& tile, std::uint64_t outputs) {
  return tile_kind(tile.microarchitecture).time(tile, outputs).latency;
}

std::uint64_t tile_pass_cycles(std::uint64_t begin, std::uint64_t end, std::uint64_t inputs_per_cycle,
                               std::uint64_t beat, std::uint64_t sigma) {
  const auto segment = [&](std::uint64_t length) {
    return length == 0 ? 0 : std::max(ceil_div(length, inputs_per_cycle) * beat, sigma);
  };
  const std::uint64_t border = std::min(end, ceil_div(begin, kGroup) * kGroup);
  const std::uint64_t rest = end - border;
  return segment(border - begin) + rest / kGroup * segment(kGroup) + segment(rest % kGroup);
}

std::uint64_t pass_cycles(const config::TileConfig& tile, std::uint64_t inputs, std::uint64_t beat,
                          std::uint64_t sigma) {
  const std::uint64_t rows = tile.rows;
  const std::uint64_t whole_tiles = inputs / rows;
  const std::uint64_t period = kGroup / std::gcd(rows, kGroup);  // tile i + period begins at the same place of a group
  std::uint64_t slowest = 0;
  for (std::uint64_t i = 0; i < std::min(whole_tiles, period); ++i)
    slowest = std::max(slowest, tile_pass_cycles(i * rows, (i + 1) * rows, tile.inputs_per_cycle, beat, sigma));
  if (inputs % rows != 0)
    slowest = std::max(slowest, tile_pass_cycles(whole_tiles * rows, inputs, tile.inputs_per_cycle, beat, sigma));
  return slowest;
}

std::uint64_t chain_hops(std::uint64_t rows, std::uint64_t inputs) {
  // Tiles of a group or more cut a group once at most, and the border at `rows` does it if any border does.
  if (rows >= kGroup) return rows < inputs && rows % kGroup != 0 ? 1 : 0;
  const auto borders_inside = [&](std::uint64_t group, std::uint64_t length) {
    return (group * kGroup % rows + length - 1) / rows;
  };
  const std::uint64_t whole_groups = inputs / kGroup;
  const std::uint64_t period = rows / std::gcd(rows, kGroup);
  std::uint64_t most = 0;
  for (std::uint64_t g = 0; g < std::min(whole_groups, period); ++g) most = std::max(most, borders_inside(g, kGroup));
  if (inputs % kGroup != 0) most = std::max(most, borders_inside(whole_groups, inputs % kGroup));
  return most;
}

std::uint64_t product_cycles(const config::TileConfig& tile, std::uint64_t inputs, std::uint64_t outputs) {
  const std::uint64_t sigma = scale_slot_cycles(tile, outputs);
  return latency_cycles(tile, outputs) + pass_cycles(tile, inputs, beat_cycles(tile, outputs), sigma) +
         sigma * (1 + chain_hops(tile.rows, inputs)) + tile.accumulate_cycles;
}

std::uint64_t tree_depth(std::uint64_t tiles, std::uint64_t fan_in) {
  std::uint64_t depth = 0;
  for (std::uint64_t reach = 1; reach < tiles; reach *= fan_in) ++depth;
  return depth;
}

}  // namespace kiln::closed_form
