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
  for (std::size_t i = 0; i < kBins; ++i) {
    bins_[i][0] += other.bins_[i][0];
    bins_[i][1] += other.bins_[i][1];
  }
}

Codebook Histogram::lloyd(const Codebook& start) const {
  constexpr int kRounds = 50;
  if (std::ranges::none_of(bins_, [](const auto& bin) { return bin[0] > 0; })) return start;
  std::vector<double> levels(start.levels.begin(), start.levels.end());
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::array<double, 2>> cells(levels.size());
    std::size_t cell = 0;
    for (const auto& bin : bins_) {
      if (bin[0] <= 0) continue;
      const double centre = bin[1] / bin[0];
      while (cell + 1 < levels.size() && centre > (levels[cell] + levels[cell + 1]) * 0.5) ++cell;
      cells[cell][0] += bin[0];
      cells[cell][1] += bin[1];
    }
    for (std::size_t i = 0; i < levels.size(); ++i)
      if (cells[i][0] > 0) levels[i] = cells[i][1] / cells[i][0];
    std::ranges::sort(levels);
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
