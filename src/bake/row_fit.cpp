#include "bake/row_fit.hpp"

#include <cmath>
#include <limits>

#include "bake/vectors.hpp"
#include "kiln/base/result.hpp"

namespace kiln::bake {
namespace {

using numerics::kGroup;

constexpr std::size_t kVectors = kGroup / kLanes;
constexpr float kLargestScale = 255.0F;

/// A codebook's upper half and a search as plain pointers, for the kernels.
struct Plan {
  const float* levels;
  const float* midpoints;
  std::size_t half;
  bool even;
  float step;
  float ratio;
  const float* factors;
  std::size_t factor_count;
};

/// Magnitudes of a group in units of the row scale: 0...255 * 127.
struct Group {
  Floats x[kVectors];
  float padding = 0;  ///< zeros after the row's end, which do not count
};

struct Best {
  float scale = 0;
  float error = 0;
};

/// Levels nearest to x / scale, times the scale. Few levels or uneven ones: by comparing with every midpoint.
template <bool kEven>
KILN_KERNEL void nearest(const Plan& plan, const Group& group, float scale, Floats (&out)[kVectors]) {
  if constexpr (kEven) {
    const float per_step = 1.0F / (scale * plan.step);
    const float shift = 0.5F - plan.levels[0] / plan.step;
    const float last = static_cast<float>(plan.half - 1);
    const float stride = plan.step * scale;
    const float first = plan.levels[0] * scale;
    for (std::size_t v = 0; v < kVectors; ++v) {
      Floats index = __builtin_convertvector(__builtin_convertvector(group.x[v] * per_step + shift, Ints), Floats);
      index = index < last ? index : Floats{} + last;
      out[v] = index * stride + first;
    }
  } else {
    for (std::size_t v = 0; v < kVectors; ++v) out[v] = Floats{} + plan.levels[0] * scale;
    for (std::size_t i = 0; i + 1 < plan.half; ++i) {
      const Floats threshold = Floats{} + plan.midpoints[i] * scale;
      const Floats level = Floats{} + plan.levels[i + 1] * scale;
      for (std::size_t v = 0; v < kVectors; ++v) out[v] = group.x[v] > threshold ? level : out[v];
    }
  }
}

template <bool kEven>
KILN_KERNEL void try_scale(const Plan& plan, const Group& group, float scale, Best& best) {
  Floats decoded[kVectors];
  nearest<kEven>(plan, group, scale, decoded);
  Floats squares[kVectors];
  for (std::size_t v = 0; v < kVectors; ++v) {
    const Floats off = group.x[v] - decoded[v];
    squares[v] = off * off;
  }
  const float spurious = plan.levels[0] * scale;
  const float error =
      sum_of_lanes((squares[0] + squares[1]) + (squares[2] + squares[3])) - group.padding * (spurious * spurious);
  if (error < best.error) best = {scale, error};
}

/// The scale that fits best, as least squares has it, while the levels stay those that `scale` chose.
template <bool kEven>
KILN_KERNEL float refined(const Plan& plan, const Group& group, float scale) {
  Floats decoded[kVectors];
  nearest<kEven>(plan, group, scale, decoded);
  Floats xy = {};
  Floats yy = {};
  for (std::size_t v = 0; v < kVectors; ++v) {
    xy += group.x[v] * decoded[v];
    yy += decoded[v] * decoded[v];
  }
  const float spurious = plan.levels[0] * scale;
  const float power = sum_of_lanes(yy) - group.padding * (spurious * spurious);
  return power > 0 ? scale * (sum_of_lanes(xy) / power) : scale;
}

KILN_KERNEL float whole_scale(float scale) {
  // NOLINTNEXTLINE(bugprone-incorrect-roundings): scales are not negative, and lround is a call in a kernel
  const auto rounded = static_cast<float>(static_cast<std::int32_t>(scale + 0.5F));
  return rounded < 1.0F ? 1.0F : rounded > kLargestScale ? kLargestScale : rounded;
}

template <bool kEven>
KILN_KERNEL Best search_scale(const Plan& plan, const Group& group, float largest, float energy) {
  Best best{0.0F, energy};
  const float covering = largest / plan.levels[plan.half - 1];
  const auto floor = static_cast<float>(static_cast<std::int32_t>(covering));
  const float covers = whole_scale(floor < covering ? floor + 1.0F : floor);
  try_scale<kEven>(plan, group, covers, best);
  if (plan.factor_count == 0) return best;
  float last = covers;
  const float real = static_cast<float>(kGroup) - group.padding;
  const float base = plan.ratio > 0 ? plan.ratio * std::sqrt(energy / real) : covering;
  for (std::size_t i = 0; i < plan.factor_count; ++i) {
    const float scale = whole_scale(base * plan.factors[i]);
    if (scale == last) continue;
    last = scale;
    try_scale<kEven>(plan, group, scale, best);
  }
  // Zero wins where a codebook without a zero meets a lone large weight; least squares may still find better from
  // above.
  float from = best.scale > 0 ? best.scale : covers;
  for (int round = 0; round < 2; ++round) {
    const float scale = whole_scale(refined<kEven>(plan, group, from));
    if (scale == from) break;
    try_scale<kEven>(plan, group, scale, best);
    from = scale;
  }
  return best;
}

/// Codes of a group, and the largest error among its real inputs.
template <bool kEven>
KILN_KERNEL float write_codes(const Plan& plan, const Group& group, const float* row, float scale, std::size_t real,
                              std::uint8_t* codes) {
  Floats decoded[kVectors];
  nearest<kEven>(plan, group, scale, decoded);
  float worst = 0;
  for (std::size_t v = 0; v < kVectors; ++v) {
    Ints index = {};
    if constexpr (kEven) {
      const Floats exact = (decoded[v] - plan.levels[0] * scale) / (plan.step * scale);
      index = __builtin_convertvector(exact + 0.5F, Ints);
    } else {
      for (std::size_t i = 0; i + 1 < plan.half; ++i) index -= (Ints)(group.x[v] > plan.midpoints[i] * scale);
    }
    Floats signs;
    load(row + v * kLanes, signs);
    const auto half = static_cast<std::int32_t>(plan.half);
    const Ints code = (Ints)signs < 0 ? half - 1 - index : half + index;
    Floats off = group.x[v] - decoded[v];
    magnitude(off, off);
    for (std::size_t i = 0; i < kLanes; ++i) {
      const std::size_t at = v * kLanes + i;
      codes[at] = at < real ? static_cast<std::uint8_t>(code[i]) : 0;
      if (at < real && off[i] > worst) worst = off[i];
    }
  }
  return worst;
}

KILN_KERNEL float largest_magnitude(const float* row, std::size_t size) {
  Floats most = {};
  for (std::size_t at = 0; at < size; at += kLanes) {
    Floats x;
    load(row + at, x);
    magnitude(x, x);
    most = x > most ? x : most;
  }
  return largest_lane(most);
}

template <bool kEven>
KILN_KERNEL RowFit fit_body(const float* row, std::size_t size, std::size_t columns, const Plan& plan,
                            std::uint8_t* codes, std::uint8_t* scales, std::size_t scale_step) {
  RowFit fit;
  const float row_scale = largest_magnitude(row, size) / (kLargestScale * plan.levels[plan.half - 1]);
  const bool empty = row_scale < std::numeric_limits<float>::min();
  fit.row_scale = empty ? 0.0F : row_scale;
  const float inverse = empty ? 0.0F : 1.0F / row_scale;
  const double unit = static_cast<double>(row_scale) * static_cast<double>(row_scale);
  float worst = 0;
  for (std::size_t at = 0; at < size; at += kGroup) {
    Group group;
    const std::size_t real = columns - at < kGroup ? columns - at : kGroup;
    group.padding = static_cast<float>(kGroup - real);
    Floats squares = {};
    Floats most = {};
    for (std::size_t v = 0; v < kVectors; ++v) {
      load(row + at + v * kLanes, group.x[v]);
      magnitude(group.x[v], group.x[v]);
      group.x[v] *= inverse;
      squares += group.x[v] * group.x[v];
      most = group.x[v] > most ? group.x[v] : most;
    }
    const float largest = largest_lane(most);
    const float energy = sum_of_lanes(squares);
    const Best best = largest > 0 ? search_scale<kEven>(plan, group, largest, energy) : Best{};
    *scales = static_cast<std::uint8_t>(best.scale);
    scales += scale_step;
    if (best.scale > 0) {
      const float off = write_codes<kEven>(plan, group, row + at, best.scale, real, codes + at);
      worst = off > worst ? off : worst;
    } else {
      std::memset(codes + at, 0, kGroup);
      worst = largest > worst ? largest : worst;
    }
    fit.energy += static_cast<double>(energy) * unit;
    fit.error += static_cast<double>(best.error > 0 ? best.error : 0.0F) * unit;
  }
  fit.max_error = static_cast<double>(worst) * static_cast<double>(row_scale);
  return fit;
}

using Kernel = RowFit (*)(const float*, std::size_t, std::size_t, const Plan&, std::uint8_t*, std::uint8_t*,
                          std::size_t);

template <bool kEven>
RowFit fit_scalar(const float* row, std::size_t size, std::size_t columns, const Plan& plan, std::uint8_t* codes,
                  std::uint8_t* scales, std::size_t step) {
  return fit_body<kEven>(row, size, columns, plan, codes, scales, step);
}
template <bool kEven>
KILN_KERNEL_AVX2 RowFit fit_avx2(const float* row, std::size_t size, std::size_t columns, const Plan& plan,
                                 std::uint8_t* codes, std::uint8_t* scales, std::size_t step) {
  return fit_body<kEven>(row, size, columns, plan, codes, scales, step);
}
template <bool kEven>
KILN_KERNEL_AVX512 RowFit fit_avx512(const float* row, std::size_t size, std::size_t columns, const Plan& plan,
                                     std::uint8_t* codes, std::uint8_t* scales, std::size_t step) {
  return fit_body<kEven>(row, size, columns, plan, codes, scales, step);
}

template <bool kEven>
Kernel kernel_of(numerics::Simd simd) {
  if (simd == numerics::Simd::Avx512) return fit_avx512<kEven>;
  return simd == numerics::Simd::Avx2 ? fit_avx2<kEven> : fit_scalar<kEven>;
}

}  // namespace

RowFit fit_row(std::span<const float> row, std::size_t columns, const Codebook& book, const ScaleSearch& search,
               numerics::Simd simd, std::span<std::uint8_t> codes, std::uint8_t* scales, std::size_t scale_step) {
  base::check(row.size() % kGroup == 0 && columns <= row.size() && row.size() - columns < kGroup,
              "a row of whole groups");
  base::check(codes.size() == row.size(), "room for a code of every input");
  // From eight levels of magnitude on, arithmetic is cheaper than comparing with each midpoint.
  const bool even = book.even && book.levels.size() > 8;
  const Plan plan{book.levels.data(), book.midpoints.data(), book.levels.size(),    even,
                  book.step,          search.ratio,          search.factors.data(), search.factors.size()};
  const Kernel kernel = even ? kernel_of<true>(simd) : kernel_of<false>(simd);
  return kernel(row.data(), row.size(), columns, plan, codes.data(), scales, scale_step);
}

}  // namespace kiln::bake
