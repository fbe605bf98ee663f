// What the users of a workload saw, and how full the chip was meanwhile. docs/workload.md
#pragma once

#include <cstddef>
#include <vector>

namespace kiln::host {

/// Of durations, in us: nearest ranks.
struct Percentiles {
  std::size_t count = 0;
  double mean = 0, p50 = 0, p90 = 0, p99 = 0, largest = 0;
};

/// The chip between two points of the run.
struct LoadPoint {
  double from_us = 0, to_us = 0;
  double waiting = 0;    ///< users without a slot, mean over the time
  double admitted = 0;   ///< users with one, mean
  double in_flight = 0;  ///< tokens in the chip, mean
};

struct WorkloadFigures {
  std::size_t finished = 0;
  std::size_t refused = 0;
  std::size_t cancelled = 0;         ///< users who left before their answer was complete; their tokens count below
  Percentiles queued_us;             ///< from the first prompt id's arrival at the chip to admission
  Percentiles ttft_us;               ///< from the host's having the prompt to the first answer token at the chip
  Percentiles time_per_token_us;     ///< (last - first) / (answer - 1), of answers of two tokens and more
  std::vector<LoadPoint> over_time;  ///< kLoadPoints equal intervals
};
inline constexpr std::size_t kLoadPoints = 50;

}  // namespace kiln::host
