// A link between two units: S >= 1 registers, each with a two-entry skid buffer. A beat arrives S cycles after
// it left; the link holds 2S beats; a freed place is seen by the sender S cycles later. docs/units/link.md Two ways of
// working out the same cycles: LinkTiming a burst at once, BeatLink beat by beat. Neither knows SystemC.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "chip/timing/beat_schedule.hpp"
#include "kiln/base/units.hpp"

namespace kiln::chip {

/// Cycles at which a receiving port refuses beats: none without a seed, one in four by chance with one.
class Backpressure {
 public:
  Backpressure(std::uint64_t seed, std::uint32_t port);
  [[nodiscard]] bool none() const { return seed_ == 0; }
  [[nodiscard]] bool refuses(base::Cycles now) const;
  /// The first cycle at or after `now` at which a beat is accepted.
  [[nodiscard]] base::Cycles accepted_from(base::Cycles now) const;

 private:
  std::uint64_t seed_;
  std::uint32_t port_;
};

/// What becomes of a stream on a link.
struct LinkTransfer {
  BeatSchedule departures;  ///< out of the producer's output buffer, into the first stage
  BeatSchedule pops;        ///< out of the last stage, into the receiver
};

/// Calls f(first, last) for stretches [first, last) that together are the time in which some beat is on the link.
template <class F>
void on_wire(std::uint32_t registers, const LinkTransfer& transfer, F&& f) {
  const BeatSchedule& departures = transfer.departures;
  const BeatSchedule& pops = transfer.pops;
  // Beats that leave no later than the one before can arrive are one stretch.
  if (departures.uniform() && departures.segment(0).interval <= registers) return f(departures.first(), pops.last());
  std::size_t segment = 0;
  std::uint64_t beat = 0;
  departures.for_each([&](base::Cycles leave) {
    if (beat == pops.segment(segment).beats) {
      ++segment;
      beat = 0;
    }
    f(leave, pops.segment(segment).at(beat++));
  });
}

class LinkTiming {
 public:
  /// `receiver_interval`: cycles that the receiver needs for a beat.
  LinkTiming(std::uint32_t registers, std::uint64_t receiver_interval, Backpressure backpressure);
  /// `free_from`: the receiver takes no beat before that.
  [[nodiscard]] LinkTransfer pass(const BeatSchedule& available, base::Cycles free_from = {}) const;
  [[nodiscard]] std::uint32_t registers() const { return static_cast<std::uint32_t>(registers_); }
  [[nodiscard]] std::uint64_t receiver_interval() const { return interval_; }
  [[nodiscard]] const Backpressure& backpressure() const { return backpressure_; }

 private:
  [[nodiscard]] LinkTransfer pass_uniform(const Segment& available) const;
  [[nodiscard]] LinkTransfer pass_beats(const BeatSchedule& available, base::Cycles free_from) const;
  std::uint64_t registers_;
  std::uint64_t interval_;
  Backpressure backpressure_;
};

/// The link's registers, moved cycle by cycle where something can happen.
class BeatLink {
 public:
  explicit BeatLink(const LinkTiming& timing);
  /// A beat became available in the producer's output buffer.
  void push() { ++waiting_; }

  struct Step {
    bool departed = false;             ///< a beat left the producer in this cycle
    bool taken = false;                ///< the receiver took a beat in this cycle
    std::optional<base::Cycles> next;  ///< the next cycle at which anything can happen without another push()
  };
  /// What happens at `now`; may be called more than once in a cycle, never for an earlier one.
  Step step(base::Cycles now);

 private:
  [[nodiscard]] std::optional<base::Cycles> next_after(base::Cycles now) const;
  LinkTiming timing_;
  std::uint64_t waiting_ = 0;           ///< beats in the producer's output buffer
  std::uint64_t credits_;               ///< free places that the sender knows of
  std::deque<base::Cycles> in_flight_;  ///< arrival of each beat on the link
  std::deque<base::Cycles> returning_;  ///< when the sender learns of each freed place
  base::Cycles receiver_free_;
  std::optional<base::Cycles> last_departure_;
};

}  // namespace kiln::chip
