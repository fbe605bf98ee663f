#include "bake/row_fit.hpp"

#include <cmath>
#include <limits>

#include "bake/nearest.hpp"
#include "kiln/base/result.hpp"

namespace kiln::bake {
namespace {

constexpr float kLargestScale = 255.0F;

struct Best {
  float scale = 0;
  float error = 0;
};

template <class L, std::size_t kLevels>
KILN_KERNEL void try_scale(const Plan& plan, const Group<L>& group, float scale, Best& best) {
  constexpr std::size_t kParts = Sum<L>::kParts;
  const Nearest<L, kLevels> nearest(plan, scale);
  typename L::Floats squares[Group<L>::kVectors];
  for (std::size_t v = 0; v < Group<L>::kVectors; ++v) {
    typename L::Floats decoded;
    nearest.find(group.x[v], decoded);
    const typename L::Floats off = group.x[v] - decoded;
    squares[v] = off * off;
  }
  Sum<L> sum;
  for (std::size_t p = 0; p < kParts; ++p)
    sum.part[p] = (squares[p] + squares[kParts + p]) + (squares[2 * kParts + p] + squares[3 * kParts + p]);
  const float spurious = nearest.first;
  const float error = sum_of<L>(sum) - group.padding * (spurious * spurious);
  if (error < best.error) best = {scale, error};
}

/// The scale that fits best, as least squares has it, while the levels stay those that `scale` chose.
template <class L, std::size_t kLevels>
KILN_KERNEL float refined(const Plan& plan, const Group<L>& group, float scale) {
  const Nearest<L, kLevels> nearest(plan, scale);
  Sum<L> xy = {};
  Sum<L> yy = {};
  for (std::size_t v = 0; v < Group<L>::kVectors; ++v) {
    typename L::Floats decoded;
    nearest.find(group.x[v], decoded);
    xy.part[v % Sum<L>::kParts] += group.x[v] * decoded;
    yy.part[v % Sum<L>::kParts] += decoded * decoded;
  }
  const float spurious = nearest.first;
  const float power = sum_of<L>(yy) - group.padding * (spurious * spurious);
  return power > 0 ? scale * (sum_of<L>(xy) / power) : scale;
}

KILN_KERNEL float whole_scale(float scale) {
  // NOLINTNEXTLINE(bugprone-incorrect-roundings): scales are not negative, and lround is a call in a kernel
  const auto rounded = static_cast<float>(static_cast<std::int32_t>(scale + 0.5F));
  return rounded < 1.0F ? 1.0F : rounded > kLargestScale ? kLargestScale : rounded;
}

template <class L, std::size_t kLevels>
KILN_KERNEL Best search_scale(const Plan& plan, const Group<L>& group, float largest, float energy) {
  Best best{0.0F, energy};
  const float covering = largest / plan.levels[plan.half - 1];
  const auto floor = static_cast<float>(static_cast<std::int32_t>(covering));
  const float covers = whole_scale(floor < covering ? floor + 1.0F : floor);
  try_scale<L, kLevels>(plan, group, covers, best);
  if (plan.factor_count == 0) return best;
  float last = covers;
  const float real = static_cast<float>(kGroup) - group.padding;
  const float base = plan.ratio > 0 ? plan.ratio * std::sqrt(energy / real) : covering;
  for (std::size_t i = 0; i < plan.factor_count; ++i) {
    const float scale = whole_scale(base * plan.factors[i]);
    if (scale == last) continue;
    last = scale;
    try_scale<L, kLevels>(plan, group, scale, best);
  }
  // Zero wins where a codebook without a zero meets a lone large weight; least squares may still find better from
  // above.
  float from = best.scale > 0 ? best.scale : covers;
  for (int round = 0; round < 2; ++round) {
    const float scale = whole_scale(refined<L, kLevels>(plan, group, from));
    if (scale == from) break;
    try_scale<L, kLevels>(plan, group, scale, best);
    from = scale;
  }
  return best;
}

/// Codes of a group, and the largest error among its real inputs.
template <class L, std::size_t kLevels>
KILN_KERNEL float write_codes(const Plan& plan, const Group<L>& group, const float* row, float scale, std::size_t real,
                              std::uint8_t* codes) {
  using Floats = typename L::Floats;
  using Ints = typename L::Ints;
  const Nearest<L, kLevels> nearest(plan, scale);
  const auto half = static_cast<std::int32_t>(plan.half);
  alignas(64) std::int32_t found[kGroup];
  alignas(64) float offs[kGroup];
  Floats most = {};
  for (std::size_t v = 0; v < Group<L>::kVectors; ++v) {
    Floats decoded;
    nearest.find(group.x[v], decoded);
    Ints index = {};
    if constexpr (kLevels == kEven) {
      const Floats exact = (decoded - nearest.first) / (plan.step * scale);
      index = __builtin_convertvector(exact + 0.5F, Ints);
    } else {
      for (std::size_t i = 0; i + 1 < (kLevels == kAny ? plan.half : kLevels); ++i)
        index -= (Ints)(group.x[v] > plan.midpoints[i] * scale);
    }
    const auto signs = (Ints) * reinterpret_cast<const typename L::FloatsAt*>(row + v * L::kCount);
    const Ints code = signs < 0 ? half - 1 - index : half + index;
    const Floats off = (Floats)((Ints)(group.x[v] - decoded) & 0x7FFFFFFF);
    most = off > most ? off : most;
    *reinterpret_cast<Ints*>(found + v * L::kCount) = code;
    *reinterpret_cast<Floats*>(offs + v * L::kCount) = off;
  }
  for (std::size_t i = 0; i < kGroup; ++i) codes[i] = static_cast<std::uint8_t>(found[i]);
  if (real == kGroup) return largest_of<L>(most);
  float worst = 0;
  for (std::size_t i = 0; i < real; ++i) worst = offs[i] > worst ? offs[i] : worst;
  std::memset(codes + real, 0, kGroup - real);
  return worst;
}

template <class L>
KILN_KERNEL float largest_magnitude(const float* row, std::size_t size) {
  typename L::Floats most = {};
  for (std::size_t at = 0; at < size; at += L::kCount) {
    typename L::Floats x;
    load_magnitudes<L>(row + at, x);
    most = x > most ? x : most;
  }
  return largest_of<L>(most);
}

template <class L, std::size_t kLevels>
KILN_KERNEL RowFit fit_body(const float* row, std::size_t size, std::size_t columns, const Plan& plan,
                            std::uint8_t* codes, std::uint8_t* scales, std::size_t scale_step) {
  using Floats = typename L::Floats;
  RowFit fit;
  const float row_scale = largest_magnitude<L>(row, size) / (kLargestScale * plan.levels[plan.half - 1]);
  const bool empty = row_scale < std::numeric_limits<float>::min();
  fit.row_scale = empty ? 0.0F : row_scale;
  const float inverse = empty ? 0.0F : 1.0F / row_scale;
  const double unit = static_cast<double>(row_scale) * static_cast<double>(row_scale);
  float worst = 0;
  for (std::size_t at = 0; at < size; at += kGroup) {
    Group<L> group;
    const std::size_t real = columns - at < kGroup ? columns - at : kGroup;
    group.padding = static_cast<float>(kGroup - real);
    Sum<L> squares = {};
    Floats most = {};
    for (std::size_t v = 0; v < Group<L>::kVectors; ++v) {
      load_magnitudes<L>(row + at + v * L::kCount, group.x[v]);
      group.x[v] *= inverse;
      squares.part[v % Sum<L>::kParts] += group.x[v] * group.x[v];
      most = group.x[v] > most ? group.x[v] : most;
    }
    const float largest = largest_of<L>(most);
    const float energy = sum_of<L>(squares);
    const Best best = largest > 0 ? search_scale<L, kLevels>(plan, group, largest, energy) : Best{};
    *scales = static_cast<std::uint8_t>(best.scale);
    scales += scale_step;
    if (best.scale > 0) {
      const float off = write_codes<L, kLevels>(plan, group, row + at, best.scale, real, codes + at);
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

template <std::size_t kLevels>
RowFit fit_scalar(const float* row, std::size_t size, std::size_t columns, const Plan& plan, std::uint8_t* codes,
                  std::uint8_t* scales, std::size_t step) {
  return fit_body<numerics::Lanes16, kLevels>(row, size, columns, plan, codes, scales, step);
}
template <std::size_t kLevels>
KILN_KERNEL_AVX2 RowFit fit_avx2(const float* row, std::size_t size, std::size_t columns, const Plan& plan,
                                 std::uint8_t* codes, std::uint8_t* scales, std::size_t step) {
  return fit_body<numerics::Lanes8, kLevels>(row, size, columns, plan, codes, scales, step);
}
template <std::size_t kLevels>
KILN_KERNEL_AVX512 RowFit fit_avx512(const float* row, std::size_t size, std::size_t columns, const Plan& plan,
                                     std::uint8_t* codes, std::uint8_t* scales, std::size_t step) {
  return fit_body<numerics::Lanes16, kLevels>(row, size, columns, plan, codes, scales, step);
}

template <std::size_t kLevels>
Kernel kernel_of(numerics::Simd simd) {
  if (simd == numerics::Simd::Avx512) return fit_avx512<kLevels>;
  return simd == numerics::Simd::Avx2 ? fit_avx2<kLevels> : fit_scalar<kLevels>;
}

Kernel kernel_of(const Plan& plan, numerics::Simd simd) {
  if (simd == numerics::Simd::Scalar) return plan.even ? fit_scalar<kEven> : fit_scalar<kAny>;
  if (plan.even) return kernel_of<kEven>(simd);
  if (plan.half == 2) return kernel_of<2>(simd);
  if (plan.half == 4) return kernel_of<4>(simd);
  return plan.half == 8 ? kernel_of<8>(simd) : kernel_of<kAny>(simd);
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
  return kernel_of(plan, simd)(row.data(), row.size(), columns, plan, codes.data(), scales, scale_step);
}

}  // namespace kiln::bake
