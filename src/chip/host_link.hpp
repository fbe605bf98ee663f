// Host link: prompt ids in, answer ids out, one every cycles_per_token, latency_cycles each way.
// docs/units/host_link.md
#pragma once

#include <cstdint>

#include "kiln/base/units.hpp"
#include "kiln/config/chip_config.hpp"

namespace kiln::chip {

class HostLink {
 public:
  explicit HostLink(const config::HostConfig& config) : config_(config) {}
  /// Prompt id k at the sequencer; the host begins to send at cycle 0.
  [[nodiscard]] base::Cycles arrival(std::uint64_t k) const;
  /// An answer id is handed over at `now`; returns when the host has it.
  base::Cycles send(base::Cycles now);
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  /// When the host has the last id that was sent.
  [[nodiscard]] base::Cycles received() const { return received_; }
  /// Cycles before `until` in which an id of `prompt` ids or of the answer is under way.
  [[nodiscard]] base::Cycles wire_cycles(std::uint64_t prompt, base::Cycles until) const;

 private:
  config::HostConfig config_;
  std::uint64_t sent_ = 0;
  base::Cycles last_leave_, received_;
  std::uint64_t answer_wire_ = 0;  ///< cycles in which an answer id is under way
};

}  // namespace kiln::chip
