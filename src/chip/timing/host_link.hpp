// Host link: prompt ids in, answer ids out, one every cycles_per_token each way, latency_cycles on the way.
// docs/units/host_link.md
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "chip/timing/intervals.hpp"
#include "kiln/chip/request.hpp"
#include "kiln/config/chip_config.hpp"

namespace kiln::chip {

class HostLink {
 public:
  HostLink(const config::HostConfig& config, const std::vector<UserRequest>& users);

  /// From the first id leaving the host until the last one is here.
  [[nodiscard]] std::pair<base::Cycles, base::Cycles> prompt_under_way(std::uint32_t user) const;
  /// A prompt id reaches the sequencer.
  struct Arrival {
    std::uint32_t user = 0;
    base::Cycles at;
  };
  /// Prompts go in the order in which the host has them, id by id, the next after the last.
  [[nodiscard]] bool all_arrived() const { return next_user_ == order_.size(); }
  [[nodiscard]] Arrival next_arrival() const;
  void arrived();

  /// An answer id is handed over at `now`; returns when the host has it.
  base::Cycles send(base::Cycles now);
  /// When the host has the last id that was sent.
  [[nodiscard]] base::Cycles received() const { return received_; }
  [[nodiscard]] std::uint64_t ids() const { return ids_; }
  /// Cycles before `until` in which some id is under way, in or out.
  [[nodiscard]] base::Cycles wire_cycles(base::Cycles until) { return base::Cycles(wire_.covered(until)); }

 private:
  config::HostConfig config_;
  const std::vector<UserRequest>& users_;
  std::vector<std::uint32_t> order_;  ///< users by arrival
  std::vector<base::Cycles> starts_;  ///< when the first id of each leaves the host
  std::size_t next_user_ = 0;
  std::uint64_t next_id_ = 0;
  std::uint64_t sent_ = 0, ids_ = 0;
  base::Cycles last_departure_, received_;
  Intervals wire_;
};

}  // namespace kiln::chip
