// A LoRA adapter as the chip's SRAM holds it: for each target A (rank x inputs) and B (outputs x rank) as INT8 matrices
// in the ROM's format, so that the ROM's arithmetic multiplies them: y += B quantise(A x). docs/numerics.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kiln/base/units.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "numerics/matrix.hpp"

namespace kiln::rom {

/// A matrix that owns what a MatrixView looks at.
struct StoredMatrix {
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  int bits = 8;
  std::vector<std::int8_t> codebook;
  std::vector<std::byte> codes;
  std::vector<std::uint8_t> scales;
  std::vector<float> row_scales;
  [[nodiscard]] numerics::MatrixView view() const { return {rows, columns, bits, codebook, codes, scales, row_scales}; }
};

struct AdapterTarget {
  config::TensorClass tensor_class = config::TensorClass::Q;
  base::LayerId layer;
  StoredMatrix down;  ///< A, in the basis of the array's quantised input
  StoredMatrix up;    ///< B times the adapter's scale, in the basis of the array's output
};

struct Adapter {
  std::vector<AdapterTarget> targets;
  /// Null where the adapter adds nothing.
  [[nodiscard]] const AdapterTarget* find(config::TensorClass tensor_class, base::LayerId layer) const {
    for (const auto& target : targets)
      if (target.tensor_class == tensor_class && target.layer == layer) return &target;
    return nullptr;
  }
};

}  // namespace kiln::rom
