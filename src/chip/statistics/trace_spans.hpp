// Spans of units' time for traces (RunRequest::on_span), worked out beside the accounts from the same records. Units of a stage
// tell theirs operation by operation. Sequencer, links and host link do several things at a time, told in any order:
// theirs are held until nothing earlier can come, put in order, and cut where they overlap, so that they cover what
// Intervals::covered() counts. What is held is bounded by the tokens that are on their way.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "chip/statistics/token_in_flight.hpp"
#include "chip/timing/link.hpp"
#include "chip/timing/link_map.hpp"
#include "chip/timing/operation.hpp"
#include "kiln/chip/outcome.hpp"
#include "kiln/chip/trace_span.hpp"

namespace kiln::chip {

/// One track whose stretches come in any order and may overlap.
class SharedTrack {
 public:
  SharedTrack(program::Unit unit, std::optional<std::uint32_t> stage, CycleCategory category);
  void add(base::Cycles first, base::Cycles last, const Work& work) { held_.insert({first, last, work}); }
  /// Tells what begins before `begun` and ends by `ended`, as far as it is next.
  void settle(base::Cycles begun, base::Cycles ended, const std::function<void(const TraceSpan&)>& sink);
  /// Tells the rest, up to `total`.
  void close(base::Cycles total, const std::function<void(const TraceSpan&)>& sink);

 private:
  void take_first(base::Cycles until, const std::function<void(const TraceSpan&)>& sink);
  void tell(const std::function<void(const TraceSpan&)>& sink);
  struct Held {
    base::Cycles first, last;
    Work work;
    auto operator<=>(const Held&) const = default;  // so that the order of telling never shows
  };
  std::multiset<Held> held_;
  TraceSpan next_;  ///< may grow by what follows without a break
  CycleCategory category_;
  base::Cycles reached_;
};

class TraceSpans {
 public:
  /// `sink` outlives it and may be empty.
  TraceSpans(const std::function<void(const TraceSpan&)>& sink, const program::Dataflow& dataflow);
  /// Nothing else may be called if not.
  [[nodiscard]] bool on() const { return static_cast<bool>(sink_); }

  /// An operation of a stage's unit is over.
  void operation(const TokenInFlight& token, const OpRecord& record) const;
  /// The KV SRAM in an Attend: `busy` cycles of reads and writes, beside the conflicts.
  void kv(const TokenInFlight& token, const OpRecord& record, std::uint64_t busy) const;
  /// The LoRA unit beside an array: `busy` cycles from the array's start on.
  void lora(const TokenInFlight& token, const OpRecord& record, std::uint64_t busy) const;
  /// Beats on their way to operation `op`, over a link into a stage or, without one, from or to the sequencer.
  void transfer(std::optional<std::uint32_t> stage, const TokenInFlight& token, std::uint32_t op, const LinkSpec& link,
                const LinkTransfer& transfer);
  void visit_over(std::uint32_t stage);
  void issue(const TokenInFlight& token, const OpRecord& record);
  void commit(const TokenInFlight& token, const OpRecord& record);
  /// Ids on the host link: a prompt, or the answer token at `position`.
  void host(std::uint32_t user, std::optional<base::TokenPos> position, base::Cycles first, base::Cycles last);
  void close(base::Cycles total);

 private:
  [[nodiscard]] std::optional<std::uint32_t> number(std::uint32_t stage) const;
  const std::function<void(const TraceSpan&)>& sink_;
  std::vector<SharedTrack> stage_links_;  ///< a lone stage's has the sequencer's links too
  SharedTrack links_, sequencer_, host_;
  std::multiset<base::Cycles> issued_;  ///< tokens on their way
};

}  // namespace kiln::chip
