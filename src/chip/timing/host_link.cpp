#include "chip/timing/host_link.hpp"

#include <algorithm>
#include <numeric>

namespace kiln::chip {

using base::Cycles;

HostLink::HostLink(const config::HostConfig& config, const std::vector<UserRequest>& users)
    : config_(config), users_(users), order_(users.size()), starts_(users.size()) {
  std::iota(order_.begin(), order_.end(), 0U);
  std::ranges::stable_sort(order_, {}, [&](std::uint32_t user) { return users[user].arrival; });
  Cycles free;
  for (const std::uint32_t user : order_) {
    starts_[user] = std::max(free, users[user].arrival);
    free = starts_[user] + Cycles(config_.cycles_per_token * users[user].prompt.size());
    const auto [first, last] = prompt_under_way(user);
    wire_.add(first, last);
  }
}

std::pair<Cycles, Cycles> HostLink::prompt_under_way(std::uint32_t user) const {
  const std::uint64_t last = config_.cycles_per_token * (users_[user].prompt.size() - 1) + config_.latency_cycles;
  return {starts_[user], starts_[user] + Cycles(last)};
}

HostLink::Arrival HostLink::next_arrival() const {
  const std::uint32_t user = order_[next_user_];
  return {user, starts_[user] + Cycles(config_.latency_cycles + next_id_ * config_.cycles_per_token)};
}

void HostLink::arrived() {
  ++ids_;
  if (++next_id_ < users_[order_[next_user_]].prompt.size()) return;
  next_id_ = 0;
  ++next_user_;
}

Cycles HostLink::send(Cycles now) {
  Cycles leave = now;
  if (sent_ > 0) leave = std::max(leave, last_departure_ + Cycles(config_.cycles_per_token));
  received_ = leave + Cycles(config_.latency_cycles);
  wire_.add(leave, received_);
  wire_.settle(now);
  ++sent_;
  ++ids_;
  last_departure_ = leave;
  return received_;
}

}  // namespace kiln::chip
