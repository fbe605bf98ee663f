// INT8 codebooks that mirror themselves: level[n - 1 - i] = -level[i], in rising order. The upper half says everything;
// an element's code follows from its sign and from how many decision points (midpoints of neighbouring levels) its
// magnitude passes. Symmetry costs nothing on weights whose sign is a coin toss, as a Hadamard transform leaves them,
// and halves the search.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kiln::bake {

struct Codebook {
  int bits = 8;
  std::vector<float> levels;     ///< upper half, rising, integers 0...127
  std::vector<float> midpoints;  ///< between levels i and i + 1
  bool even = false;             ///< levels[i] = i * step + levels[0]
  float step = 0;

  Codebook(int code_bits, std::vector<float> upper_half);
  [[nodiscard]] float top() const { return levels.back(); }
  /// All 2^bits levels as the image stores them.
  [[nodiscard]] std::vector<std::int8_t> stored() const;
};

/// Evenly spaced. Up to 6 bits without a zero (levels at odd multiples of half a step); at 8 bits -127...127, with two
/// codes for 0.
Codebook uniform_codebook(int bits);

/// How often magnitudes occur, in bins of 1/16 of an INT8 step: weight and weighted sum. Adding up is in a fixed order.
class Histogram {
 public:
  static constexpr std::size_t kBins = 4096;
  void add(float magnitude, double weight) {
    const auto bin = static_cast<std::size_t>(magnitude * 16.0F);
    auto& at = bins_[bin < kBins ? bin : kBins - 1];
    at[0] += weight;
    at[1] += weight * static_cast<double>(magnitude);
  }
  void add(const Histogram& other);
  /// Lloyd's algorithm from the levels of `start`: 2^bits / 2 levels, the largest scaled to 127, rounded to INT8.
  [[nodiscard]] Codebook lloyd(const Codebook& start) const;

 private:
  std::vector<std::array<double, 2>> bins_ = std::vector<std::array<double, 2>>(kBins);
};

}  // namespace kiln::bake
