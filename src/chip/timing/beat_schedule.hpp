// A beat schedule: the cycles at which the beats of a stream happen, as a list of uniform segments. Beats are strictly
// increasing in time. An undisturbed stream is one segment; each stall that breaks its rhythm begins another.
#pragma once

#include <cstdint>
#include <vector>

#include "kiln/base/units.hpp"

namespace kiln::chip {

/// `beats` >= 1 beats at first, first + interval, ...
struct Segment {
  base::Cycles first;
  std::uint64_t beats = 0;
  std::uint64_t interval = 1;
  [[nodiscard]] base::Cycles at(std::uint64_t beat) const { return first + base::Cycles(beat * interval); }
  [[nodiscard]] base::Cycles last() const { return at(beats - 1); }
  bool operator==(const Segment&) const = default;
};

class BeatSchedule {
 public:
  BeatSchedule() = default;
  BeatSchedule(base::Cycles first, std::uint64_t beats, std::uint64_t interval);

  /// One more beat, later than all before it.
  void append(base::Cycles at);
  void append(const Segment& segment);

  [[nodiscard]] bool empty() const { return beats_ == 0; }
  [[nodiscard]] std::uint64_t beats() const { return beats_; }
  [[nodiscard]] base::Cycles first() const;
  [[nodiscard]] base::Cycles last() const;
  [[nodiscard]] bool uniform() const { return more_.empty(); }
  [[nodiscard]] std::size_t segments() const { return beats_ == 0 ? 0 : 1 + more_.size(); }
  [[nodiscard]] const Segment& segment(std::size_t i) const { return i == 0 ? head_ : more_[i - 1]; }

  /// Calls f(cycle) for each beat.
  template <class F>
  void for_each(F&& f) const {
    for (std::size_t s = 0; s < segments(); ++s) {
      const Segment& part = segment(s);
      for (std::uint64_t k = 0; k < part.beats; ++k) f(part.at(k));
    }
  }

 private:
  Segment& tail() { return more_.empty() ? head_ : more_.back(); }
  Segment head_;  ///< the only one of an undisturbed stream: no memory is taken for it
  std::vector<Segment> more_;
  std::uint64_t beats_ = 0;
};

}  // namespace kiln::chip
