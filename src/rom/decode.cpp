#include "rom/decode.hpp"

#include <algorithm>
#include <array>

#include "kiln/base/result.hpp"

namespace kiln::rom {
namespace {

using numerics::kGroup;
using numerics::kPanelRows;

/// Codebook entries of one group, [input / 4][row][input % 4]: a little-endian bit stream in that order.
void look_up(const numerics::MatrixView& matrix, const std::byte* codes,
             std::array<std::int8_t, kPanelRows * kGroup>& out) {
  const auto width = static_cast<std::size_t>(matrix.bits);
  const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
  for (std::size_t first = 0; first < out.size(); first += 8, codes += width) {
    std::uint64_t field = 0;
    for (std::size_t i = 0; i < width; ++i) field |= std::to_integer<std::uint64_t>(codes[i]) << (8 * i);
    for (std::size_t lane = 0; lane < 8; ++lane) out[first + lane] = matrix.codebook[(field >> (lane * width)) & mask];
  }
}

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
    look_up(matrix, matrix.codes.data() + at * group_bytes, levels);
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
