#include "numerics/matrix_paths.hpp"
namespace kiln::numerics {
void panel_sums_avx512(const MatrixView& matrix, std::size_t panel, std::span<const PreparedVector> x,
                       PanelSums* sums) {
  panel_sums_avx2(matrix, panel, x, sums);
}
}  // namespace kiln::numerics
