#include "bake/panels.hpp"

#include <algorithm>

#include "kiln/base/units.hpp"

namespace kiln::bake {

using numerics::kGroup;
using numerics::kPanelRows;

void Panels::resize(std::uint64_t rows, std::uint64_t width, int bits) {
  columns = width;
  codes.resize(numerics::packed_code_bytes(rows, width, bits));
  scales.assign(numerics::scale_count(rows, width), 0);
  row_scales.resize(rows);
  fits.assign(rows, {});
}

void Panels::quantise(const TensorFit& fit, numerics::Simd simd, std::span<const float> rows, std::size_t first,
                      std::size_t count) {
  const std::size_t groups = base::ceil_div(columns, kGroup);
  const std::size_t stride = groups * kGroup;
  const std::size_t panel_bytes = numerics::packed_code_bytes(kPanelRows, columns, fit.book.bits);
  std::vector<std::uint8_t> unpacked(kPanelRows * stride);
  for (std::size_t row = 0; row < count; row += kPanelRows) {
    const std::size_t panel = (first + row) / kPanelRows;
    const std::size_t real = std::min(kPanelRows, count - row);
    if (real < kPanelRows) std::ranges::fill(unpacked, std::uint8_t{0});
    for (std::size_t i = 0; i < real; ++i) {
      RowFit& result = fits[first + row + i];
      result = fit_row(rows.subspan((row + i) * stride, stride), columns, fit.book, fit.search, simd,
                       std::span(unpacked).subspan(i * stride, stride), scales.data() + panel * groups * kPanelRows + i,
                       kPanelRows);
      row_scales[first + row + i] = result.row_scale;
    }
    numerics::pack_panel(fit.book.bits, columns, unpacked, std::span(codes).subspan(panel * panel_bytes, panel_bytes));
  }
}

}  // namespace kiln::bake
