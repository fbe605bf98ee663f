// Measurements that take turns: A B C, A B C, ... Private to the study module.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "kiln/base/progress.hpp"
#include "kiln/study/bench.hpp"

namespace kiln::study {

struct BenchLane {
  BenchMeasurement measurement;
  /// Does it once, says in the measurement what a round has (tokens, bytes, ...), and how many seconds it took.
  std::function<base::Result<double>(BenchMeasurement&)> once;
  bool warms_up = true;  ///< takes part in the round that does not count
};

/// The seconds that `body` takes; its error.
base::Result<double> seconds_of(const std::function<base::Status()>& body);

/// One round that does not count, for caches and first touches, then `rounds` that do: each lane once, in order. Fails
/// where a lane does, and when interrupted.
base::Status take_turns(std::span<BenchLane> lanes, std::uint64_t rounds, const base::Progress& progress);

}  // namespace kiln::study
