#include "kiln/program/activity.hpp"

namespace kiln::program {

Activity& Activity::operator+=(const Activity& other) {
  for (const auto& counter : kActivityCounters) this->*counter.value += other.*counter.value;
  return *this;
}

Switching& Switching::operator+=(const Switching& other) {
  for (const auto& counter : kSwitchingCounters) this->*counter.value += other.*counter.value;
  return *this;
}

}  // namespace kiln::program
