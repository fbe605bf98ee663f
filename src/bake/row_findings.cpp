#include "bake/row_findings.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "rom/decode.hpp"

namespace kiln::bake {

using numerics::kGroup;
using numerics::kPanelRows;

namespace {

RowFindings examine(std::span<const float> row, std::span<const float> decoded, std::size_t columns) {
  RowFindings out;
  float row_most = 0;
  for (const float w : row) row_most = std::max(row_most, std::fabs(w));
  for (std::size_t at = 0; at < columns; at += kGroup) {
    const std::size_t end = std::min(columns, at + kGroup);
    float most = 0;
    for (std::size_t i = at; i < end; ++i) {
      const double w = static_cast<double>(row[i]);
      const double off = std::fabs(w - static_cast<double>(decoded[i]));
      out.energy += w * w;
      out.error += off * off;
      out.max_error = std::max(out.max_error, off);
      most = std::max(most, std::fabs(row[i]));
    }
    const double range = static_cast<double>(most) + static_cast<double>(row_most) / 255.0;
    if (most > 0) out.reach += static_cast<double>(end - at) * range * range;
  }
  return out;
}

}  // namespace

double bound_of(int bits, double reach, double energy) {
  const double steps = bits == 8 ? 254.0 : static_cast<double>((1 << bits) - 1);
  return std::min(1.0, std::sqrt(reach / energy) / steps);
}

void examine_rows(const numerics::MatrixView& matrix, std::span<const float> values, std::uint64_t first,
                  std::span<RowFindings> out) {
  const std::size_t stride = matrix.groups() * kGroup;
  std::vector<float> decoded(kPanelRows * stride);
  for (std::size_t row = 0; row < out.size(); ++row) {
    if (row % kPanelRows == 0) rom::decode_panel(matrix, (first + row) / kPanelRows, decoded);
    out[row] = examine(values.subspan(row * stride, stride),
                       std::span(decoded).subspan(row % kPanelRows * stride, stride), matrix.columns);
  }
}

}  // namespace kiln::bake
