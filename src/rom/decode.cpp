#include "rom/decode.hpp"

#include <algorithm>
#include <array>

#include "kiln/base/result.hpp"

namespace kiln::rom {
namespace {

using numerics::kGroup;
using numerics::kPanelRows;

}  // namespace

void decode_panel(const numerics::MatrixView& matrix, std::size_t panel, std::span<float> out) {
  const std::size_t groups = matrix.groups();
  base::check(panel < matrix.panels() && out.size() == kPanelRows * groups * kGroup, "one panel of the matrix");
  std::ranges::fill(out, 0.0F);
  const std::size_t rows = std::min<std::size_t>(kPanelRows, matrix.rows - panel * kPanelRows);
  const std::size_t group_bytes = kPanelRows * kGroup / 8 * static_cast<std::size_t>(matrix.bits);
  std::array<std::int8_t, kPanelRows * kGroup> levels{};
  for (std::size_t group = 0; group < groups; ++group) {
    const std::size_t at = panel * groups + group;
    numerics::decode_group(matrix.bits, matrix.codebook.data(), matrix.codes.data() + at * group_bytes, levels.data());
    const std::size_t columns = std::min<std::size_t>(kGroup, matrix.columns - group * kGroup);
    for (std::size_t row = 0; row < rows; ++row) {
      const int scale = matrix.scales[at * kPanelRows + row];
      const float row_scale = matrix.row_scales[panel * kPanelRows + row];
      float* to = out.data() + (row * groups + group) * kGroup;
      for (std::size_t i = 0; i < columns; ++i)
        to[i] = row_scale * static_cast<float>(scale * levels[(i / 4 * kPanelRows + row) * 4 + i % 4]);
    }
  }
}

}  // namespace kiln::rom
