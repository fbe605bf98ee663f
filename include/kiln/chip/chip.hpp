// The SystemC chip: elaborates a placement, runs the prompts and answers of its users through it, and says what every
// unit did in every cycle. Each run() has a SystemC kernel of its own: runs may follow each other in a process, and
// runs of several threads take turns. In cycle 0 the host may begin to send.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/base/result.hpp"
#include "kiln/base/units.hpp"
#include "kiln/chip/values.hpp"
#include "kiln/program/activity.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::chip {

/// Two ways of moving data; both give the same cycle for every event.
enum class Movement { Bursts, Beats };

/// What a unit does in a cycle. Idle is what is left.
enum class Cause { Compute, WaitInput, WaitOutput, KvConflict, Wire, Idle };
inline constexpr std::size_t kCauses = 6;
std::string_view name(
    Cause cause);  ///< "compute", "waiting_for_input", "waiting_for_output", "kv_bank_conflict", "wire", "idle"

/// One event of an operation, for the proof that bursts and beats agree and for traces.
enum class EventKind : std::uint8_t { FirstIn, LastIn, Start, End, FirstOut, LastOut };
struct Event {
  std::uint32_t user = 0;
  base::TokenPos position;
  std::uint32_t op = 0;  ///< index into the token's dataflow
  EventKind kind = EventKind::Start;
  base::Cycles at;
  constexpr auto operator<=>(const Event&) const = default;
};

/// What a unit works on. Links: the operation that the beats go to. Host link: no operation, and a position only for an
/// answer token.
struct Work {
  std::optional<program::OpKind> kind;
  std::optional<program::ArrayKind> array;  ///< as in program::Op
  std::optional<base::LayerId> layer;       ///< inside a layer
  std::uint32_t user = 0;
  std::optional<base::TokenPos> position;
  auto operator<=>(const Work&) const = default;
};

/// The part [first, last) of a slice that went to one cause.
struct Stretch {
  Cause cause = Cause::Compute;
  base::Cycles first, last;
  bool gathered = false;  ///< the cycles lie scattered over the slice; they are drawn together here
  bool operator==(const Stretch&) const = default;
};

/// A row of a trace: what a unit did in [first, last), from an operation's first beat in until its last beat has left.
/// Its stretches are in order and do not overlap; in what they leave out the unit is idle.
struct Slice {
  program::Unit unit = program::Unit::HostLink;
  std::optional<std::uint32_t> stage;  ///< as in UnitCycles
  Work work;
  base::Cycles first, last;
  std::vector<Stretch> stretches;
  bool operator==(const Slice&) const = default;
};

/// One prompt and its answer.
struct UserRequest {
  base::Cycles arrival;               ///< the host has the prompt; it sends prompts in order of arrival
  std::vector<base::TokenId> prompt;  ///< at least one; in a timing-only run only its length matters
  /// Tokens of an earlier run that are still in the user's part of the KV cache: the prompt follows them. A functional
  /// run takes them with one user alone, whose slot is the first.
  std::uint64_t kept_tokens = 0;
  std::uint64_t max_new_tokens = 1;       ///< at least one
  std::vector<base::TokenId> end_tokens;  ///< any of them ends the answer (functional runs)
  std::optional<base::Cycles> leaves;     ///< the host tells the chip then that nobody wants the rest of the answer
  numerics::Sampling sampling;            ///< its temperature decides on the sampler's cycles, in a timing-only run too
};

struct RunRequest {
  std::vector<UserRequest> users;  ///< at least one
  Values* values = nullptr;        ///< null: timing only
  Movement movement = Movement::Bursts;
  std::uint64_t stall_seed = 0;                ///< tests: not 0 lets every receiver refuse beats at random cycles
  std::function<void(const Event&)> on_event;  ///< may be empty
  /// Every unit's slices in order of time, without overlap; their stretches add up to RunOutcome::by_unit, cause by
  /// cause. May be empty. What it throws ends the run.
  std::function<void(const Slice&)> on_slice;
  std::function<void(std::uint32_t user, base::TokenId token, std::uint64_t index)>
      on_token;  ///< an answer token is committed (index from 0); may be empty
  std::function<void(std::uint64_t done, std::uint64_t total)> on_progress;  ///< tokens through the chip; may be empty
  std::stop_token stop;
};

/// Left: the user went before the answer was complete.
enum class Finish { MaxTokens, EndOfText, KvFull, Interrupted, Refused, Left };

struct TokenTiming {
  std::uint32_t user = 0;
  base::TokenPos position;
  base::Cycles issue;   ///< the sequencer starts it
  base::Cycles commit;  ///< the sequencer has its successor (or, in prefill, its end)
};

using program::Activity;

/// What became of one user. Cycles are 0 where it did not come so far.
struct UserOutcome {
  Finish finish = Finish::Interrupted;
  std::vector<base::TokenId> answer;  ///< empty in timing-only runs
  std::uint64_t answer_tokens = 0;    ///< generated, counting an end of text
  base::Cycles prompt_arrival;        ///< first prompt token at the sequencer
  base::Cycles admitted;              ///< it has a slot and room in the KV cache
  base::Cycles first_answer;          ///< commit of the first answer token
  base::Cycles last_answer;
  base::Cycles ended;  ///< its slot is free again, or it is out of the queue
};

/// One unit's cycles of a run.
struct UnitCycles {
  program::Unit unit = program::Unit::HostLink;
  std::optional<std::uint32_t> stage;        ///< where the chip has several of the kind
  std::array<base::Cycles, kCauses> causes;  ///< add up to the run's total
  [[nodiscard]] std::string name() const;    ///< "vector_unit", "vector_unit[3]"
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
  std::vector<TokenTiming> tokens;  ///< every token that went through the chip, in the order in which they committed
  base::Cycles total;               ///< until the host has the last answer token
  std::vector<UnitCycles> by_unit;  ///< in the order of program::Unit, stage by stage
  std::vector<StageCycles> by_stage;
  /// Where one token is in the chip at a time it adds up to the total; else to the time from issue to commit of all
  /// tokens.
  std::array<base::Cycles, program::kUnits> critical_path;
  /// The same path by cause.
  std::array<base::Cycles, kCauses> critical_causes;
  std::uint64_t most_kv_tokens = 0;  ///< reserved in the KV cache at a time
  std::uint64_t most_users = 0;      ///< admitted at a time
  Activity activity;
  std::uint64_t kernel_events = 0;  ///< units, links and others woken
  double elaboration_s = 0;         ///< wall time until the first event
};

/// Whether the chip can run it: fails when a prompt is empty or does not fit the KV cache beside the kept tokens
/// (naming its capacity), or when more is asked of the sampler than it does.
base::Status check(const program::Placement& placement, const RunRequest& request);

/// Fails as check() does. A KV cache that is too small for an answer ends it with Finish::KvFull.
base::Result<RunOutcome> run(const program::Placement& placement, const RunRequest& request);

}  // namespace kiln::chip
