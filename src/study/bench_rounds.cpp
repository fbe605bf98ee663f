#include "study/bench_rounds.hpp"

#include <fmt/format.h>

namespace kiln::study {

base::Result<double> seconds_of(const std::function<base::Status()>& body) {
  const auto began = HostClock::now();
  if (const auto done = body(); !done) return done.error();
  return std::chrono::duration<double>(HostClock::now() - began).count();
}

base::Status take_turns(std::span<BenchLane> lanes, std::uint64_t rounds, const base::Progress& progress) {
  const std::uint64_t steps = (rounds + 1) * lanes.size();
  for (std::uint64_t step = 0; step < steps; ++step) {
    const std::uint64_t round = step / lanes.size();
    auto& lane = lanes[step % lanes.size()];
    if (progress.stopped()) return base::Error{"interrupted", true};
    progress("measuring", step, steps);
    if (round == 0 && !lane.warms_up) continue;
    const auto took = lane.once(lane.measurement);
    if (!took) return took.error();
    if (!(*took > 0))
      return base::Error{
          fmt::format("{} takes no time that could be measured; more tokens are expected", lane.measurement.name)};
    if (round > 0) lane.measurement.seconds.push_back(*took);
  }
  progress("measuring", 1, 1);
  return {};
}

}  // namespace kiln::study
