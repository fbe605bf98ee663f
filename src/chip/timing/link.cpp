#include "chip/timing/link.hpp"

#include <algorithm>
#include <vector>

#include "base/random.hpp"

namespace kiln::chip {

using base::Cycles;

Backpressure::Backpressure(std::uint64_t seed, std::uint32_t port) : seed_(seed), port_(port) {}

bool Backpressure::refuses(Cycles now) const {
  return seed_ != 0 && base::mix(base::mix(seed_, port_), now.count()) % 4 == 0;
}

Cycles Backpressure::accepted_from(Cycles now) const {
  while (refuses(now)) now += Cycles(1);
  return now;
}

LinkTiming::LinkTiming(std::uint32_t registers, std::uint64_t receiver_interval, Backpressure backpressure)
    : registers_(registers), interval_(receiver_interval), backpressure_(backpressure) {
  base::check(registers_ > 0 && interval_ > 0, "link: at least one stage, at least one cycle a beat");
}

LinkTransfer LinkTiming::pass(const BeatSchedule& available, Cycles free_from) const {
  base::check(!available.empty(), "link: an empty burst");
  const bool alone = backpressure_.none() && free_from <= available.first() + Cycles(registers_);
  return available.uniform() && alone ? pass_uniform(available.segment(0)) : pass_beats(available, free_from);
}

// pop_k = a + S + k max(i, c). With i >= c nothing ever waits. Else the first 2S beats leave as they come, and beat k
// takes the place that beat k - 2S freed: leave_k = max(a + k i, pop_{k-2S} + S), a line of slope i that meets one of
// slope c > i once.
LinkTransfer LinkTiming::pass_uniform(const Segment& a) const {
  LinkTransfer result;
  const Cycles registers(registers_);
  if (a.interval >= interval_ || a.beats == 1) {
    result.departures = BeatSchedule(a.first, a.beats, a.interval);
    result.pops = BeatSchedule(a.first + registers, a.beats, a.interval);
    return result;
  }
  result.pops = BeatSchedule(a.first + registers, a.beats, interval_);
  const std::uint64_t capacity = 2 * registers_;
  // Beat k waits for its place if 2S + (k - 2S) c > k i, and k >= 2S.
  std::uint64_t free_beats = capacity;
  const std::uint64_t debt = capacity * (interval_ - 1);  // 2S (c - 1) >= k (c - i) while it need not wait
  free_beats = std::max(free_beats, debt / (interval_ - a.interval) + 1);
  free_beats = std::min(free_beats, a.beats);
  result.departures.append(Segment{a.first, free_beats, a.interval});
  if (free_beats < a.beats) {
    const Cycles leave = a.first + registers * 2 + Cycles((free_beats - capacity) * interval_);
    result.departures.append(Segment{leave, a.beats - free_beats, interval_});
  }
  return result;
}

LinkTransfer LinkTiming::pass_beats(const BeatSchedule& available, Cycles free_from) const {
  LinkTransfer result;
  const std::size_t capacity = 2 * static_cast<std::size_t>(registers_);
  std::vector<Cycles> pops;  // ring of the last 2S
  pops.reserve(std::min<std::uint64_t>(capacity, available.beats()));
  std::uint64_t k = 0;
  Cycles next_leave;
  Cycles receiver_free = free_from;
  available.for_each([&](Cycles at) {
    Cycles leave = std::max(at, next_leave);
    if (k >= capacity) leave = std::max(leave, pops[k % capacity] + Cycles(registers_));
    const Cycles pop = backpressure_.accepted_from(std::max(leave + Cycles(registers_), receiver_free));
    result.departures.append(leave);
    result.pops.append(pop);
    if (k < capacity) {
      pops.push_back(pop);
    } else {
      pops[k % capacity] = pop;
    }
    next_leave = leave + Cycles(1);
    receiver_free = pop + Cycles(interval_);
    ++k;
  });
  return result;
}

BeatLink::BeatLink(const LinkTiming& timing) : timing_(timing), credits_(2 * std::uint64_t{timing.registers()}) {}

BeatLink::Step BeatLink::step(Cycles now) {
  Step result;
  const Cycles registers(timing_.registers());
  while (!returning_.empty() && returning_.front() <= now) {
    returning_.pop_front();
    ++credits_;
  }
  if (!in_flight_.empty() && in_flight_.front() <= now && receiver_free_ <= now &&
      !timing_.backpressure().refuses(now)) {
    in_flight_.pop_front();
    returning_.push_back(now + registers);
    receiver_free_ = now + Cycles(timing_.receiver_interval());
    result.taken = true;
  }
  if (waiting_ > 0 && credits_ > 0 && (!last_departure_ || *last_departure_ < now)) {
    --waiting_;
    --credits_;
    last_departure_ = now;
    in_flight_.push_back(now + registers);
    result.departed = true;
  }
  result.next = next_after(now);
  return result;
}

std::optional<Cycles> BeatLink::next_after(Cycles now) const {
  std::optional<Cycles> next;
  const auto consider = [&](Cycles at) {
    at = std::max(at, now + Cycles(1));
    if (!next || at < *next) next = at;
  };
  if (!in_flight_.empty()) consider(std::max(in_flight_.front(), receiver_free_));
  if (waiting_ > 0 && credits_ > 0) consider(now);
  if (waiting_ > 0 && credits_ == 0 && !returning_.empty()) consider(returning_.front());
  return next;
}

}  // namespace kiln::chip
