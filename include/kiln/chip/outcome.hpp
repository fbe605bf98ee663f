// The result of a run of the chip: every user's answer and times, what every unit did in every cycle, the critical
// path, the counters. All integers; a run owns its data.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/base/units.hpp"
#include "kiln/program/activity.hpp"
#include "kiln/program/dataflow.hpp"

namespace kiln::chip {

/// What a unit does in a cycle. Idle is the rest.
enum class CycleCategory { Compute, WaitInput, WaitOutput, KvConflict, Wire, Idle };
inline constexpr std::size_t kCycleCategories = 6;
std::string_view name(
    CycleCategory
        category);  ///< "compute", "waiting_for_input", "waiting_for_output", "kv_bank_conflict", "wire", "idle"

/// Cancelled: the user left before the answer was complete.
enum class Finish { MaxTokens, EndOfText, KvFull, Interrupted, Refused, Cancelled };

struct TokenTiming {
  std::uint32_t user = 0;
  base::TokenPos position;
  base::Cycles issue;   ///< the sequencer starts it
  base::Cycles commit;  ///< the sequencer has its successor (or, in prefill, its end)
};

/// One user's outcome. Cycles are 0 where it did not get that far.
struct UserOutcome {
  Finish finish = Finish::Interrupted;
  std::vector<base::TokenId> answer;  ///< empty in timing-only runs
  std::uint64_t answer_tokens = 0;    ///< generated, counting an end of text
  base::Cycles prompt_arrival;        ///< first prompt token at the sequencer
  base::Cycles admitted;              ///< it has a slot and room in the KV cache
  base::Cycles first_answer;          ///< commit of the first answer token
  base::Cycles last_answer;
  base::Cycles ended;  ///< its slot is free again, or it has left the queue
};

/// One unit's cycles of a run.
struct UnitCycles {
  program::Unit unit = program::Unit::HostLink;
  std::optional<std::uint32_t> stage;                      ///< where the chip has several of the kind
  std::array<base::Cycles, kCycleCategories> by_category;  ///< add up to the run's total
  [[nodiscard]] std::string name() const;                  ///< "vector_unit", "vector_unit[3]"
  bool operator==(const UnitCycles&) const = default;
};

/// How long a stage worked on tokens: from the first beat that a unit of it took until it was free again.
struct StageCycles {
  std::uint64_t tokens = 0;
  base::Cycles occupied;
  bool operator==(const StageCycles&) const = default;
};

struct RunOutcome {
  std::vector<UserOutcome> users;   ///< as requested
  std::deque<TokenTiming> tokens;   ///< every token that went through the chip, in the order in which they committed
  base::Cycles total;               ///< until the host has the last answer token
  std::vector<UnitCycles> by_unit;  ///< in the order of program::Unit, stage by stage
  std::vector<StageCycles> by_stage;
  /// Where one token is in the chip at a time it adds up to the total; else to the time from issue to commit of all
  /// tokens.
  std::array<base::Cycles, program::kUnits> critical_path;
  /// The same path by category.
  std::array<base::Cycles, kCycleCategories> critical_by_category;
  std::uint64_t most_kv_tokens = 0;  ///< reserved in the KV cache at a time
  std::uint64_t most_users = 0;      ///< admitted at a time
  program::Activity activity;
  std::uint64_t kernel_events = 0;  ///< units, links and others woken
  double elaboration_s = 0;         ///< wall time until the first event
};

}  // namespace kiln::chip
