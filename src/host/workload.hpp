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

namespace kiln::host {

struct WorkloadRequest {
  double arrival_us = 0;              ///< the host has it
  std::optional<std::string> prompt;  ///< a text, or
  std::uint64_t prompt_tokens = 0;    ///< that many seeded ids
  std::uint64_t answer_tokens = 1;    ///< at most
  std::optional<double> leaves_us;    ///< the user goes then, answered or not
};

inline constexpr std::size_t kMostRequests = std::size_t{1} << 20;

/// Fails with `name`, line and JSON pointer. Empty lines are left out; at least one request is expected.
base::Result<std::vector<WorkloadRequest>> parse_workload(std::string_view text, const std::string& name);

/// Of a list of durations, in us.
struct Percentiles {
  std::size_t count = 0;
  double mean = 0, p50 = 0, p90 = 0, p99 = 0, largest = 0;
};
/// Nearest rank: the smallest value that at least that share of all does not exceed.
Percentiles percentiles(std::vector<double> values);

/// The chip at a time between two points of the run.
struct LoadPoint {
  double from_us = 0, to_us = 0;
  double waiting = 0;    ///< users without a slot, mean over the time
  double admitted = 0;   ///< users with one, mean
  double in_flight = 0;  ///< tokens in the chip, mean
};

struct WorkloadFigures {
  std::size_t finished = 0;
  std::size_t refused = 0;
  std::size_t left = 0;              ///< users who went before their answer was complete; what they saw counts below
  Percentiles queued_us;             ///< from the first prompt id's arrival at the chip to admission
  Percentiles ttft_us;               ///< from the host's having the prompt to the first answer token at the chip
  Percentiles time_per_token_us;     ///< (last - first) / (answer - 1), of answers of two tokens and more
  std::vector<LoadPoint> over_time;  ///< kLoadPoints equal stretches
};
inline constexpr std::size_t kLoadPoints = 50;

WorkloadFigures workload_figures(const chip::RunRequest& request, const chip::RunOutcome& outcome,
                                 std::uint32_t clock_mhz);

/// Mean time in the queue of an M/D/1: arrivals at random, one server that takes `service` each; rho = rate * service
/// below 1. (Pollaczek and Khinchine: rho * service / (2 (1 - rho)).)
double md1_mean_wait(double rate, double service);

}  // namespace kiln::host
