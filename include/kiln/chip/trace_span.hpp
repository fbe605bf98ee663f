// What a run reports while it runs, for traces and checks: events of operations, and spans of a unit's time.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kiln/base/units.hpp"
#include "kiln/chip/outcome.hpp"
#include "kiln/program/dataflow.hpp"

namespace kiln::chip {

/// One event of an operation, to check that bursts and beats agree, and for traces.
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

/// The part [first, last) of a slice that went to one category.
struct SpanPart {
  CycleCategory category = CycleCategory::Compute;
  base::Cycles first, last;
  bool gathered = false;  ///< the cycles are scattered over the slice; they are drawn together here
  bool operator==(const SpanPart&) const = default;
};

/// A row of a trace: what a unit did in [first, last), from an operation's first beat in until its last beat has left.
/// Its parts are in order and do not overlap; between them the unit is idle.
struct TraceSpan {
  program::Unit unit = program::Unit::HostLink;
  std::optional<std::uint32_t> stage;  ///< as in UnitCycles
  Work work;
  base::Cycles first, last;
  std::vector<SpanPart> parts;
  bool operator==(const TraceSpan&) const = default;
};

}  // namespace kiln::chip
