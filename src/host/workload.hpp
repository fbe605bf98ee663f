// A workload: requests that arrive over time, and what their users saw. One JSON object a line:
//   {"arrival_us": 1200.5, "prompt_tokens": 300, "answer_tokens": 50}      or "prompt": "text" instead of its length
// docs/workload.md
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chip/systemc/chip.hpp"
#include "kiln/base/result.hpp"
#include "kiln/host/workload_figures.hpp"

namespace kiln::host {

struct WorkloadRequest {
  double arrival_us = 0;              ///< the host has it
  std::optional<std::string> prompt;  ///< a text, or
  std::uint64_t prompt_tokens = 0;    ///< that many seeded ids
  std::uint64_t answer_tokens = 1;    ///< at most
  std::optional<double> leaves_us;    ///< the user leaves then, answered or not
};

inline constexpr std::size_t kMostRequests = std::size_t{1} << 20;

/// Fails with `name`, line and JSON pointer. Empty lines are left out; at least one request is expected.
base::Result<std::vector<WorkloadRequest>> parse_workload(std::string_view text, const std::string& name);

WorkloadFigures workload_figures(const chip::RunRequest& request, const chip::RunOutcome& outcome,
                                 std::uint32_t clock_mhz);

/// Mean time in the queue of an M/D/1: arrivals at random, one server that takes `service` each; rho = rate * service
/// below 1. (Pollaczek and Khinchine: rho * service / (2 (1 - rho)).)
double md1_mean_wait(double rate, double service);

}  // namespace kiln::host
