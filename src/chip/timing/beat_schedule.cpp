#include "chip/timing/beat_schedule.hpp"

namespace kiln::chip {

BeatSchedule::BeatSchedule(base::Cycles first, std::uint64_t beats, std::uint64_t interval)
    : head_{first, beats, interval}, beats_(beats) {
  base::check(interval > 0, "burst: beats of one stream in the same cycle");
}

void BeatSchedule::append(base::Cycles at) {
  if (beats_ == 0) {
    head_ = {at, 1, 1};
    beats_ = 1;
    return;
  }
  Segment& end = tail();
  base::check(at > end.last(), "burst: a beat that is not later than the one before");
  const std::uint64_t gap = (at - end.last()).count();
  if (end.beats == 1) end.interval = gap;
  if (gap == end.interval) {
    ++end.beats;
  } else {
    more_.push_back({at, 1, 1});
  }
  ++beats_;
}

void BeatSchedule::append(const Segment& segment) {
  if (segment.beats == 0) return;
  append(segment.first);
  if (segment.beats == 1) return;
  Segment& end = tail();
  if (end.beats == 1) end.interval = segment.interval;
  if (end.interval == segment.interval) {
    end.beats += segment.beats - 1;
  } else {
    more_.push_back({segment.at(1), segment.beats - 1, segment.interval});
  }
  beats_ += segment.beats - 1;
}

base::Cycles BeatSchedule::first() const {
  base::check(!empty(), "burst: first beat of none");
  return head_.first;
}

base::Cycles BeatSchedule::last() const {
  base::check(!empty(), "burst: last beat of none");
  return more_.empty() ? head_.last() : more_.back().last();
}

}  // namespace kiln::chip
