// The specification of a tile array and its tree: each tile's partial products as its microarchitecture forms them,
// groups that a tile border cuts carried to the next tile as INT32, group scale and shift where the group ends, S added
// in the tree's shape, then the row scale. Scalar.
#include <algorithm>

#include "functional/execution.hpp"
#include "functional/tile_kinds.hpp"

namespace kiln::functional {
namespace {

using numerics::kGroup;
using numerics::kPanelRows;

/// Adds what inputs [first, end) of one group give to S of each row; `carry` is P of the group that the tile before
/// left unfinished, and becomes P of the one that this tile leaves unfinished.
void add_segment(const numerics::MatrixView& matrix, const RowProducts& products, std::size_t first, std::size_t end,
                 const numerics::QuantisedVector& x, std::int64_t* sums, std::int32_t* carry) {
  const std::size_t group = first / kGroup;
  const bool finished = end == std::min<std::size_t>((group + 1) * kGroup, matrix.columns);
  const int shift = x.max_exponent - x.exponents[group];
  for (std::uint32_t row = 0; row < matrix.rows; ++row) {
    carry[row] += products(row);
    if (!finished) continue;
    const std::uint8_t scale =
        matrix.scales[(row / kPanelRows * matrix.groups() + group) * kPanelRows + row % kPanelRows];
    sums[row] += numerics::scaled_term(carry[row], scale, x.steps[group], shift);
    carry[row] = 0;
  }
}

/// The same for all inputs [first, last) of a tile, segment by segment.
void add_tile(const numerics::MatrixView& matrix, const SegmentProducts& products, std::size_t first, std::size_t last,
              const numerics::QuantisedVector& x, std::int64_t* sums, std::int32_t* carry) {
  while (first < last) {
    const std::size_t end = std::min(last, (first / kGroup + 1) * kGroup);
    add_segment(matrix, products(matrix, first, end, x), first, end, x, sums, carry);
    first = end;
  }
}

/// One level after the other: `fan_in` neighbours become one.
std::int64_t tree_sum(std::vector<std::int64_t> level, std::size_t fan_in) {
  while (level.size() > 1) {
    std::vector<std::int64_t> next((level.size() + fan_in - 1) / fan_in, 0);
    for (std::size_t i = 0; i < level.size(); ++i) next[i / fan_in] += level[i];
    level = std::move(next);
  }
  return level.front();
}

}  // namespace

void multiply_tiles(const Execution& e) {
  const program::ArrayPlan& plan = e.shared.by_tile->array(*e.op.array);
  const config::TileConfig& tile = e.shared.by_tile->tile(*e.op.array);
  base::check(e.batch.tokens() == 1, "values: tile by tile is token by token");
  std::vector<std::int64_t>& sums = e.batch.sums;
  sums.assign(std::size_t{plan.tiles_over_inputs} * plan.outputs, 0);
  std::vector<std::int32_t> carry(plan.outputs, 0);
  const SegmentProducts products = tile_products(tile.microarchitecture);
  for (std::size_t i = 0; i < plan.tiles_over_inputs; ++i) {
    const std::size_t first = i * std::size_t{tile.rows};
    const std::size_t last = std::min<std::size_t>(plan.inputs, first + tile.rows);
    std::size_t output = 0;
    for (const auto& section : e.shared.dataflow.sections(*e.op.array)) {
      const numerics::MatrixView& matrix = e.shared.rom.tensor(section.tensor_class, e.op.layer).matrix;
      base::check(matrix.rows == section.rows && matrix.columns == plan.inputs,
                  "values: a matrix does not fit its array");
      add_tile(matrix, products, first, last, e.batch.x.front(), &sums[i * plan.outputs + output], &carry[output]);
      output += section.rows;
    }
  }
}

void reduce_tiles(const Execution& e) {
  const program::ArrayPlan& plan = e.shared.by_tile->array(*e.op.array);
  e.batch.stream.reshape(1, plan.outputs);
  const std::span<float> stream = e.batch.stream.row(0);
  std::vector<std::int64_t> parts(plan.tiles_over_inputs);
  std::size_t output = 0;
  for (const auto& section : e.shared.dataflow.sections(*e.op.array)) {
    const numerics::MatrixView& matrix = e.shared.rom.tensor(section.tensor_class, e.op.layer).matrix;
    for (std::uint32_t row = 0; row < section.rows; ++row, ++output) {
      for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = e.batch.sums[i * plan.outputs + output];
      const std::int64_t sum = tree_sum(parts, e.shared.by_tile->chip().reduction.fan_in);
      stream[output] = numerics::row_result(matrix.row_scales[row], sum, e.batch.x.front().max_exponent);
    }
  }
}

}  // namespace kiln::functional
