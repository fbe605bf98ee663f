// Helpers of the chip's tests: runs with their events collected, and what one run and another must share.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "chip/systemc/chip.hpp"
#include "chip/timing/timing_testing.hpp"
#include "support/models.hpp"

namespace kiln::chip {

using functional::FunctionalModel;

struct Watched {
  RunOutcome outcome;
  std::vector<Event> events;  ///< sorted
  [[nodiscard]] const UserOutcome& user() const { return outcome.users.front(); }
  [[nodiscard]] base::Cycles at(std::uint32_t position, std::uint32_t op, EventKind kind) const {
    for (const Event& e : events)
      if (e.position.value == position && e.op == op && e.kind == kind) return e.at;
    ADD_FAILURE() << "no such event: position " << position << " op " << op;
    return {};
  }
};

inline Watched watch(const program::Placement& placement, RunRequest request) {
  Watched w;
  request.on_event = [&w](const Event& event) { w.events.push_back(event); };
  auto outcome = run(placement, request);
  base::check(outcome.ok(), outcome.ok() ? "" : outcome.error().message);
  w.outcome = std::move(outcome).value();
  std::sort(w.events.begin(), w.events.end());
  return w;
}

inline RunRequest timing_request(std::uint64_t prompt, std::uint64_t answer,
                                 TransferMode transfer_mode = TransferMode::Bursts, std::uint64_t stall_seed = 0) {
  RunRequest request;
  request.users.emplace_back();
  request.users[0].prompt.assign(prompt, 0);
  request.users[0].max_new_tokens = answer;
  request.transfer_mode = transfer_mode;
  request.stall_seed = stall_seed;
  return request;
}

/// Everything that has to do with cycles.
inline void expect_same_cycles(const Watched& a, const Watched& b) {
  EXPECT_EQ(a.events.size(), b.events.size());
  const auto [x, y] = std::mismatch(a.events.begin(), a.events.end(), b.events.begin(), b.events.end());
  if (x != a.events.end() && y != b.events.end()) {
    ADD_FAILURE() << "position " << x->position.value << " op " << x->op << " kind " << static_cast<int>(x->kind)
                  << ": " << x->at.count() << " and " << y->at.count();
  }
  EXPECT_EQ(a.outcome.total, b.outcome.total);
  ASSERT_EQ(a.outcome.by_unit.size(), b.outcome.by_unit.size());
  for (std::size_t i = 0; i < a.outcome.by_unit.size(); ++i)
    EXPECT_EQ(a.outcome.by_unit[i], b.outcome.by_unit[i]) << a.outcome.by_unit[i].name();
  EXPECT_EQ(a.outcome.by_stage, b.outcome.by_stage);
  EXPECT_EQ(a.outcome.critical_path, b.outcome.critical_path);
  EXPECT_EQ(a.outcome.critical_by_category, b.outcome.critical_by_category);
  EXPECT_EQ(a.outcome.activity, b.outcome.activity);
}

}  // namespace kiln::chip
