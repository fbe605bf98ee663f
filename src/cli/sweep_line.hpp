// The line of progress of a sweep on standard error: "sweep: 312 of 1,000 points, 8.1 a second, 85 s left, best 17,012". On a
// terminal ten times a second; elsewhere only while jobs of a cluster are at work, which take long, and every ten seconds.
// Private to the cli module.
#pragma once

#include <chrono>

#include "sweep/sweep.hpp"

namespace kiln::cli {

class SweepLine {
 public:
  SweepLine();
  SweepLine(const SweepLine&) = delete;
  SweepLine& operator=(const SweepLine&) = delete;
  /// What comes next has the line to itself.
  ~SweepLine();
  void show(const sweep::SweepProgress& progress);

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point began_ = Clock::now(), shown_ = began_;
  bool terminal_;
};

}  // namespace kiln::cli
