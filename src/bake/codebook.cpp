#include "bake/codebook.hpp"

#include <algorithm>

#include "kiln/base/result.hpp"

namespace kiln::bake {

Codebook::Codebook(int code_bits, std::vector<float> upper_half) : bits(code_bits), levels(std::move(upper_half)) {
  base::check(levels.size() == (std::size_t{1} << bits) / 2, "half of 2^bits levels");
  for (std::size_t i = 0; i + 1 < levels.size(); ++i) midpoints.push_back((levels[i] + levels[i + 1]) * 0.5F);
  step = levels[1] - levels[0];
  even = true;
  for (std::size_t i = 0; i + 1 < levels.size(); ++i) even = even && levels[i + 1] - levels[i] == step;
}

std::vector<std::int8_t> Codebook::stored() const {
  std::vector<std::int8_t> all;
  for (auto level = levels.rbegin(); level != levels.rend(); ++level) all.push_back(static_cast<std::int8_t>(-*level));
  for (const float level : levels) all.push_back(static_cast<std::int8_t>(level));
  return all;
}

Codebook uniform_codebook(int bits) {
  const int half = (1 << bits) / 2;
  // 2 bits: +-42, +-126; 3: steps of 36 to 126; 4: of 16 to 120; 6: of 4 to 126; 8: 0...127.
  const int step = bits == 8 ? 1 : 2 * (127 / (2 * half - 1));
  std::vector<float> levels;
  levels.reserve(static_cast<std::size_t>(half));
  for (int i = 0; i < half; ++i) levels.push_back(static_cast<float>(bits == 8 ? i : step * i + step / 2));
  return {bits, std::move(levels)};
}

void Histogram::add(const Histogram& other) {
  auto* to = bins_.data();
  for (const auto& [weight, sum] : other.bins_) {
    auto& [all_weight, all_sum] = *to++;
    all_weight += weight;
    all_sum += sum;
  }
}

Codebook Histogram::lloyd(const Codebook& start) const {
  constexpr int kRounds = 50;
  struct Occupied {
    double weight, sum, centre;
  };
  std::vector<Occupied> occupied;
  for (const auto& [weight, sum] : bins_)
    if (weight > 0) occupied.push_back({weight, sum, sum / weight});
  if (occupied.empty()) return start;
  std::vector<double> levels(start.levels.begin(), start.levels.end());
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<double> before = levels;
    auto bin = occupied.begin();
    for (std::size_t i = 0; i < levels.size(); ++i) {
      const bool last = i + 1 == levels.size();
      const double end = last ? 0 : (before[i] + before[i + 1]) * 0.5;
      double weight = 0, sum = 0;
      for (; bin != occupied.end() && (last || !(bin->centre > end)); ++bin) {
        weight += bin->weight;
        sum += bin->sum;
      }
      if (weight > 0) levels[i] = sum / weight;
    }
    std::ranges::sort(levels);
    if (levels == before) break;  // and so for ever
  }
  if (levels.back() <= 0) return start;
  std::vector<float> rounded;
  rounded.reserve(levels.size());
  for (const double level : levels)
    // NOLINTNEXTLINE(bugprone-incorrect-roundings): levels are not negative, and images hold what this gives
    rounded.push_back(static_cast<float>(static_cast<int>(level / levels.back() * 127.0 + 0.5)));
  return {start.bits, std::move(rounded)};
}

}  // namespace kiln::bake
