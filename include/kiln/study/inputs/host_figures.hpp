// What of an answer depends on the computer that found it, and on the moment.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "kiln/study/inputs/environment.hpp"

namespace kiln::study {

struct HostFigures {
  double wall_s = 0;
  double elaboration_s = 0;         ///< of a run: until the simulation's first event
  std::uint64_t kernel_events = 0;  ///< of a run
  double peak_memory_mib = 0;       ///< of the process up to then
  std::size_t threads = 1;
  std::string simd;  ///< "avx512", "avx2", "scalar"
};

using HostClock = std::chrono::steady_clock;

/// Wall time since `started`.
HostFigures host_figures(const Environment& environment, HostClock::time_point started);

}  // namespace kiln::study
