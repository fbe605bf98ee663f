#include "chip/timing/operation.hpp"

namespace kiln::chip {

using base::Cycles;

Operation::Operation(std::uint32_t op, const OpTiming& timing, Cycles now) {
  record_.op = op;
  record_.timing = timing;
  record_.first_in = record_.last_in = record_.start = now;
  if (timing.flow == Flow::Barrier) record_.start += Cycles(timing.start_delay);
}

BeatSchedule Operation::run(const BeatSchedule& pops) {
  const OpTiming& t = record_.timing;
  base::check(pops.beats() == t.beats_in && t.beats_in > 0, "operation: a stream of another length than expected");
  taken_ = t.beats_in;
  record_.first_in = pops.first();
  record_.last_in = pops.last();
  record_.start = t.flow == Flow::Barrier ? record_.last_in + Cycles(t.start_delay) : record_.first_in;
  if (gap_interval_) {
    Cycles before = pops.first();
    pops.for_each([&](Cycles at) { add_gap(std::exchange(before, at), at); });
  }
  if (t.flow != Flow::Through) return results();
  BeatSchedule out;
  if (pops.uniform()) {
    out = BeatSchedule(pops.segment(0).at(t.gather - 1) + Cycles(t.latency), t.beats_out,
                       pops.segment(0).interval * t.gather);
  } else {
    std::uint64_t k = 0;
    pops.for_each([&](Cycles at) {
      if (++k % t.gather == 0) out.append(at + Cycles(t.latency));
    });
  }
  base::check(out.beats() == t.beats_out, "operation: beats in and out do not match");
  record_.end = out.last();
  return out;
}

BeatSchedule Operation::run() {
  base::check(record_.timing.beats_in == 0, "operation: it wants a stream");
  return results();
}

BeatSchedule Operation::results() const {
  const OpTiming& t = record_.timing;
  return t.beats_out == 0 ? BeatSchedule() : BeatSchedule(result_at(), t.beats_out, t.interval);
}

void Operation::add_gap(Cycles before, Cycles beat) {
  const Cycles ready = before + Cycles(*gap_interval_);
  if (ready < beat) record_.gaps.emplace_back(ready, beat);
}

std::optional<Cycles> Operation::take(Cycles now) {
  OpRecord& r = record_;
  base::check(taken_ < r.timing.beats_in, "operation: more beats in than expected");
  if (taken_ == 0) r.first_in = r.start = now;
  if (gap_interval_) add_gap(r.last_in, now);
  r.last_in = now;
  ++taken_;
  if (r.timing.flow == Flow::Barrier) r.start = now + Cycles(r.timing.start_delay);
  if (r.timing.flow == Flow::Through && taken_ % r.timing.gather == 0) return now + Cycles(r.timing.latency);
  return std::nullopt;
}

Cycles Operation::result_at() const {
  base::check(all_taken() && record_.timing.flow != Flow::Through, "operation: no result yet");
  return record_.last_in + Cycles(record_.timing.latency);
}

void Operation::set_latency(std::uint64_t latency, std::uint64_t conflict_cycles) {
  record_.timing.latency = latency;
  record_.timing.conflict_cycles = conflict_cycles;
}

void Operation::emit(Cycles now) {
  ++emitted_;
  if (all_emitted()) record_.end = now;
}

void Operation::depart(Cycles now) {
  if (departed_ == 0) record_.first_out = now;
  record_.last_out = now;
  ++departed_;
}

void Operation::set_departures(const BeatSchedule& departures) {
  record_.first_out = departures.first();
  record_.last_out = departures.last();
}

}  // namespace kiln::chip
