// When every token of every user is issued and committed, from the pages' formulas: token by token through the stages,
// for any schedule, number of chips and users. It follows no beats and calls no unit's code, and decides independently
// whose turn it is, so that a simulation which agrees has been found twice. docs/closed-form.md
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "kiln/base/units.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::closed_form {

/// One user's job.
struct Job {
  base::Cycles arrival;             ///< the host has the prompt
  std::uint64_t prompt_tokens = 1;  ///< with the kept ones at most the KV cache's capacity
  std::uint64_t max_new_tokens = 1;
  std::uint64_t answer_tokens = 1;                          ///< fewer where an end of text comes first
  bool greedy = true;                                       ///< else each answer token is drawn
  std::uint64_t cached_prefix = 0;                          ///< in the KV cache already; the prompt follows them
  std::optional<base::Cycles> cancelled_at = std::nullopt;  ///< the host says then that the user has left
};

struct TokenTime {
  std::uint32_t user = 0;
  std::uint64_t position = 0;
  base::Cycles issue, commit;
  bool operator==(const TokenTime&) const = default;
};

struct Timeline {
  std::vector<TokenTime> tokens;  ///< in the order in which they are issued
  std::vector<std::uint32_t> refused;
  base::Cycles total;  ///< until the host has the last answer token; without any, until the last commit
};

/// Takes O(tokens * (stages + users at a time)) steps.
Timeline timeline(const program::Placement& placement, const std::vector<Job>& jobs);

/// The same with its tokens told one by one instead of listed: takes memory for the jobs alone.
Timeline timeline(const program::Placement& placement, const std::vector<Job>& jobs,
                  const std::function<void(const TokenTime&)>& on_token);

}  // namespace kiln::closed_form
