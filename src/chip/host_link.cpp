#include "chip/host_link.hpp"

#include <algorithm>

namespace kiln::chip {

using base::Cycles;

Cycles HostLink::arrival(std::uint64_t k) const {
  return Cycles(config_.latency_cycles + k * config_.cycles_per_token);
}

Cycles HostLink::send(Cycles now) {
  Cycles leave = now;
  if (sent_ > 0) leave = std::max(leave, last_leave_ + Cycles(config_.cycles_per_token));
  const Cycles received = leave + Cycles(config_.latency_cycles);
  answer_wire_ += (received - std::max(leave, received_)).count();
  ++sent_;
  last_leave_ = leave;
  received_ = received;
  return received;
}

Cycles HostLink::wire_cycles(std::uint64_t prompt, Cycles until) const {
  const Cycles in = std::min(prompt > 0 ? arrival(prompt - 1) : Cycles(0), until);
  return in + Cycles(answer_wire_);
}

}  // namespace kiln::chip
