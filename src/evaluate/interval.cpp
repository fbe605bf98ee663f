#include "evaluate/interval.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/exact_math.hpp"
#include "kiln/base/result.hpp"

namespace kiln::evaluate {

double student_t(std::size_t degrees) {
  base::check(degrees > 0, "student_t: at least one degree of freedom");
  constexpr std::array<double, 5> kFew = {12.7062, 4.30265, 3.18245, 2.77645, 2.57058};
  if (degrees <= kFew.size()) return kFew[degrees - 1];
  // The expansion about the normal's quantile z by Cornish and Fisher.
  constexpr double z = 1.959964, kSquare = z * z;
  const double n = 1 / static_cast<double>(degrees);
  return z * (1 + n * ((kSquare + 1) / 4 +
                       n * ((5 * kSquare * kSquare + 16 * kSquare + 3) / 96 +
                            n * (3 * kSquare * kSquare * kSquare + 19 * kSquare * kSquare + 17 * kSquare - 15) / 384)));
}

std::optional<Interval> interval_of(std::span<const double> nats) {
  if (nats.size() < 2) return std::nullopt;
  const auto count = static_cast<double>(nats.size());
  double sum = 0, squares = 0;
  for (const double value : nats) sum += value;
  const double mean = sum / count;
  for (const double value : nats) squares += (value - mean) * (value - mean);
  const double half = student_t(nats.size() - 1) * std::sqrt(squares / (count - 1) / count);
  const auto at = [](double value) { return base::exact_exp(std::clamp(value, -700.0, 700.0)); };
  return Interval{at(mean - half), at(mean + half)};
}

}  // namespace kiln::evaluate
