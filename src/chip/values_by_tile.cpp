// The specification of a tile array and its tree: each tile's partial products, groups that a tile border cuts carried
// to the next tile as INT32, group scale and shift where the group ends, S added in the tree's shape, then the row
// scale. Scalar.
#include <algorithm>

#include "chip/values_impl.hpp"

namespace kiln::chip {
namespace {

using numerics::kGroup;
using numerics::kPanelRows;

/// What tile inputs [first, last) add to S of one row; `carry` is P of the group that the tile before left unfinished,
/// and becomes P of the one that this tile leaves unfinished.
std::int64_t tile_sum(const numerics::MatrixView& matrix, std::uint32_t row, std::size_t first, std::size_t last,
                      const numerics::QuantisedVector& x, std::int32_t& carry) {
  std::int64_t sum = 0;
  while (first < last) {
    const std::size_t group = first / kGroup;
    const std::size_t group_end = std::min<std::size_t>((group + 1) * kGroup, matrix.columns);
    const std::size_t end = std::min(last, group_end);
    const std::int32_t p = carry + numerics::partial_product(matrix, row, first, end, x);
    carry = p;
    if (end == group_end) {
      const std::uint8_t scale =
          matrix.scales[(row / kPanelRows * matrix.groups() + group) * kPanelRows + row % kPanelRows];
      sum += numerics::scaled_term(p, scale, x.steps[group], x.max_exponent - x.exponents[group]);
      carry = 0;
    }
    first = end;
  }
  return sum;
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

void Values::Impl::multiply_tiles(const program::Op& op) {
  const program::ArrayPlan& plan = by_tile->array(*op.array);
  const std::size_t tile_rows = by_tile->chip().tile.rows;
  sums.assign(std::size_t{plan.tiles_over_inputs} * plan.outputs, 0);
  std::vector<std::int32_t> carry(plan.outputs, 0);
  for (std::size_t i = 0; i < plan.tiles_over_inputs; ++i) {
    const std::size_t first = i * tile_rows;
    const std::size_t last = std::min<std::size_t>(plan.inputs, first + tile_rows);
    std::size_t output = 0;
    for (const auto& section : dataflow.sections(*op.array)) {
      const numerics::MatrixView& matrix = rom.tensor(section.tensor_class, op.layer).matrix;
      for (std::uint32_t row = 0; row < section.rows; ++row, ++output)
        sums[i * plan.outputs + output] = tile_sum(matrix, row, first, last, x, carry[output]);
    }
  }
}

void Values::Impl::reduce_tiles(const program::Op& op) {
  const program::ArrayPlan& plan = by_tile->array(*op.array);
  stream.resize(plan.outputs);
  std::vector<std::int64_t> parts(plan.tiles_over_inputs);
  std::size_t output = 0;
  for (const auto& section : dataflow.sections(*op.array)) {
    const numerics::MatrixView& matrix = rom.tensor(section.tensor_class, op.layer).matrix;
    for (std::uint32_t row = 0; row < section.rows; ++row, ++output) {
      for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = sums[i * plan.outputs + output];
      const std::int64_t sum = tree_sum(parts, by_tile->chip().reduction.fan_in);
      stream[output] = numerics::row_result(matrix.row_scales[row], sum, x.max_exponent);
    }
  }
}

}  // namespace kiln::chip
