// Durations as they come, kept as how often each distinct value came: the percentiles of all of them without a list of
// all of them. They are exact, the same bits as of the sorted list. docs/workload.md, "Memory"
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kiln/host/workload_figures.hpp"

namespace kiln::host {

class Distribution {
 public:
  /// `value` is not a NaN.
  void add(double value);
  /// Nearest rank: the smallest value that at least that share of all does not exceed.
  [[nodiscard]] Percentiles percentiles() const;
  /// Of memory: about 16 for each distinct value, twice that while new ones are sorted in.
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Entry {
    double value;
    std::uint64_t times;
  };
  static constexpr std::size_t kLeastFresh = 512;
  /// The entries, and the fresh values among them.
  [[nodiscard]] std::vector<Entry> merged() const;
  std::vector<Entry> entries_;  ///< by value
  std::vector<double> fresh_;   ///< those that came last: enough of them that sorting them in costs each a few steps
};

}  // namespace kiln::host
