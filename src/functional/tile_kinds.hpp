// How each kind of tile forms the products of a segment: a row in tile_kinds.cpp for a kind with its own way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/registry.hpp"
#include "kiln/functional/tile_kind.hpp"
#include "numerics/matrix.hpp"

namespace kiln::functional {

/// P of a row of the matrix, over the inputs of the segment that it was made for.
using RowProducts = std::function<std::int32_t(std::uint32_t row)>;
/// Inputs [first, end) are in one group; matrix and vector outlive what is made.
using SegmentProducts = std::function<RowProducts(const numerics::MatrixView& matrix, std::size_t first,
                                                  std::size_t end, const numerics::QuantisedVector& x)>;

base::Registry<SegmentProducts>& tile_kinds();
/// A kind without a row multiplies and adds one by one.
SegmentProducts tile_products(std::string_view name);
/// The same for a kind that says how it forms the products of one row.
SegmentProducts segment_products(const TileKind& kind);

}  // namespace kiln::functional
