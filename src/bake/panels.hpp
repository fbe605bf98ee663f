// Rows of a matrix quantised into panels in the image's format: what a ROM image and an adapter's SRAM share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bake/row_fit.hpp"
#include "bake/tensor_fit.hpp"
#include "numerics/matrix.hpp"

namespace kiln::bake {

/// Some panels of a matrix, in their order.
struct Panels {
  std::uint64_t columns = 0;
  std::vector<std::byte> codes;
  std::vector<std::uint8_t> scales;
  std::vector<float> row_scales;
  std::vector<RowFit> fits;  ///< one for each row

  void resize(std::uint64_t rows, std::uint64_t width, int bits);
  /// Quantises `count` rows (padded to whole groups each) into the places from row `first`, a multiple of 16, on.
  /// Different panels may be filled from different threads.
  void quantise(const TensorFit& fit, numerics::Simd simd, std::span<const float> rows, std::size_t first,
                std::size_t count);
};

}  // namespace kiln::bake
