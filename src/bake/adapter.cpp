// A LoRA adapter into the basis and the format in which the chip multiplies: 8-bit codes, covering scales.
#include <fmt/format.h>

#include <algorithm>

#include "bake/bake.hpp"
#include "bake/hadamard.hpp"
#include "bake/panels.hpp"
#include "bake/row_source.hpp"
#include "kiln/base/units.hpp"

namespace kiln::bake {
namespace {

using numerics::kGroup;

/// Rows padded to whole groups, times a factor.
std::vector<float> padded(const std::vector<float>& values, std::size_t columns, double factor) {
  const std::size_t rows = values.size() / columns;
  const std::size_t stride = base::ceil_div(columns, kGroup) * kGroup;
  std::vector<float> out(rows * stride);
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t i = 0; i < columns; ++i)
      out[row * stride + i] = static_cast<float>(factor * static_cast<double>(values[row * columns + i]));
  return out;
}

rom::StoredMatrix stored(std::span<const float> rows, std::size_t count, std::size_t columns, numerics::Simd simd) {
  const TensorFit fit{uniform_codebook(8), {}};
  Panels panels;
  panels.resize(count, columns, fit.book.bits);
  panels.quantise(fit, simd, rows, 0, count);
  return {static_cast<std::uint32_t>(count),
          static_cast<std::uint32_t>(columns),
          fit.book.bits,
          fit.book.stored(),
          std::move(panels.codes),
          std::move(panels.scales),
          std::move(panels.row_scales)};
}

}  // namespace

base::Result<rom::Adapter> bake_adapter(const checkpoint::LoraAdapter& adapter, const config::ModelConfig& model) {
  const numerics::Simd simd = numerics::best_simd();
  rom::Adapter result;
  for (const auto& target : adapter.targets) {
    const auto c = config::class_of(target.role);
    const std::size_t inputs = target.a.size() / target.rank;
    const std::size_t outputs = target.b.size() / target.rank;
    std::vector<float> a = padded(target.a, inputs, 1);
    transform_inputs(a, input_block(model, c), simd);
    std::vector<float> b = padded(target.b, target.rank, target.scale);
    const std::size_t block = output_block(model, c);
    if (block > 1) transform_outputs(b, b.size() / outputs, block);
    if (!all_finite(a) || !all_finite(b)) {
      return base::Error{
          fmt::format("{}: {} of layer {} is too large to be transformed, expected magnitudes below 1e34", adapter.path,
                      config::kTensorClassNames[c], target.layer.value)};
    }
    result.targets.push_back(
        {c, target.layer, stored(a, target.rank, inputs, simd), stored(b, outputs, target.rank, simd)});
  }
  return result;
}

}  // namespace kiln::bake
