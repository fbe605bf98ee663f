#include "chip/statistics/trace_spans.hpp"

#include <algorithm>
#include <string>

namespace kiln::chip {

using base::Cycles;
using program::Op;
using program::OpKind;
using program::Unit;

namespace {

constexpr Cycles kNever{UINT64_MAX};

bool in_layer(const Op& op) {
  switch (op.kind) {
    case OpKind::Issue:
    case OpKind::EmbeddingRead:
    case OpKind::StoreResidual:
    case OpKind::SendResidual:
    case OpKind::Sample:
    case OpKind::Commit:
      return false;
    default:
      return op.array != program::ArrayKind::LmHead;
  }
}

Work work_of(const TokenInFlight& token, std::uint32_t index) {
  const Op& op = token.op(index);
  return {op.kind, op.array, in_layer(op) ? std::optional(op.layer) : std::nullopt, token.user, token.position};
}

/// The first beat out is available, or the result is there.
Cycles result_at(const OpRecord& r) { return r.last_in + Cycles(r.timing.latency); }

/// Everything but compute, in order of time.
std::vector<SpanPart> waits(const OpRecord& r, bool array, Cycles closed) {
  std::vector<SpanPart> list;
  const auto add = [&](CycleCategory category, Cycles first, Cycles last, bool gathered = false) {
    if (first < last) list.push_back({category, first, last, gathered});
  };
  if (array) {
    add(CycleCategory::WaitInput, r.first_in, r.start);
  } else if (r.timing.beats_in == 0) {
    add(CycleCategory::WaitOutput, r.first_in, r.start);
  } else {
    for (const auto& [from, to] : r.gaps) add(CycleCategory::WaitInput, from, to);
  }
  add(CycleCategory::KvConflict, result_at(r) - Cycles(r.timing.conflict_cycles), result_at(r), true);
  add(CycleCategory::WaitOutput, r.end - Cycles(r.timing.adapter_cycles), closed);
  return list;
}

/// Computes wherever it does not wait.
std::vector<SpanPart> with_compute(const std::vector<SpanPart>& waits, Cycles first, Cycles last) {
  std::vector<SpanPart> list;
  Cycles reached = first;
  for (const SpanPart& wait : waits) {
    base::check(wait.first >= reached && wait.last <= last, "slices: an operation waits twice at a time");
    if (reached < wait.first) list.push_back({CycleCategory::Compute, reached, wait.first});
    list.push_back(wait);
    reached = wait.last;
  }
  if (reached < last) list.push_back({CycleCategory::Compute, reached, last});
  return list;
}

}  // namespace

SharedTrack::SharedTrack(Unit unit, std::optional<std::uint32_t> stage, CycleCategory category) : category_(category) {
  next_.unit = unit;
  next_.stage = stage;
}

void SharedTrack::settle(Cycles begun, Cycles ended, const std::function<void(const TraceSpan&)>& sink) {
  while (!held_.empty() && held_.begin()->first < begun && held_.begin()->last <= ended) take_first(kNever, sink);
  tell(sink);
}

void SharedTrack::close(Cycles total, const std::function<void(const TraceSpan&)>& sink) {
  while (!held_.empty()) take_first(total, sink);
  tell(sink);
}

void SharedTrack::take_first(Cycles until, const std::function<void(const TraceSpan&)>& sink) {
  const Held held = *held_.begin();
  held_.erase(held_.begin());
  const Cycles first = std::max(held.first, reached_);
  const Cycles last = std::min(held.last, until);
  if (last <= first) return;
  if (first != reached_ || held.work != next_.work) {
    tell(sink);
    next_.first = first;
    next_.work = held.work;
  }
  next_.last = reached_ = last;
}

void SharedTrack::tell(const std::function<void(const TraceSpan&)>& sink) {
  if (next_.last > next_.first) {
    next_.parts = {{category_, next_.first, next_.last}};
    sink(next_);
  }
  next_.first = next_.last;
}

TraceSpans::TraceSpans(const std::function<void(const TraceSpan&)>& sink, const program::Dataflow& dataflow)
    : sink_(sink),
      links_(Unit::Links, std::nullopt, CycleCategory::Wire),
      sequencer_(Unit::Sequencer, std::nullopt, CycleCategory::Compute),
      host_(Unit::HostLink, std::nullopt, CycleCategory::Wire) {
  if (!on()) return;
  const auto stages = static_cast<std::uint32_t>(dataflow.stages().size());
  for (std::uint32_t s = 0; s < stages; ++s)
    stage_links_.emplace_back(Unit::Links, stages > 1 ? std::optional(s) : std::nullopt, CycleCategory::Wire);
}

std::optional<std::uint32_t> TraceSpans::number(std::uint32_t stage) const {
  return stage_links_.size() > 1 ? std::optional(stage) : std::nullopt;
}

void TraceSpans::operation(const TokenInFlight& token, const OpRecord& record) const {
  const Op& op = token.op(record.op);
  const Cycles closed = record.timing.beats_out > 0 ? record.last_out : record.end;
  const auto waited = waits(record, op.kind == OpKind::Multiply, closed);
  sink_({op.unit, number(op.stage), work_of(token, record.op), record.first_in, closed,
         with_compute(waited, record.first_in, closed)});
}

// From the first k or v on; when in it a word is read or written is not kept, only how many cycles that takes.
void TraceSpans::kv(const TokenInFlight& token, const OpRecord& record, std::uint64_t busy) const {
  const Cycles conflicts = record.first_in + Cycles(busy);
  const Cycles idle = conflicts + Cycles(record.timing.conflict_cycles);
  base::check(idle <= result_at(record), "slices: the KV SRAM is busier than the attention unit is long");
  TraceSpan span{Unit::KvSram,
                 number(token.op(record.op).stage),
                 work_of(token, record.op),
                 record.first_in,
                 result_at(record),
                 {{CycleCategory::Compute, record.first_in, conflicts, true}}};
  if (conflicts < idle) span.parts.push_back({CycleCategory::KvConflict, conflicts, idle, true});
  sink_(span);
}

void TraceSpans::lora(const TokenInFlight& token, const OpRecord& record, std::uint64_t busy) const {
  const Cycles last = record.start + Cycles(busy);
  sink_({Unit::Lora,
         number(token.op(record.op).stage),
         work_of(token, record.op),
         record.start,
         last,
         {{CycleCategory::Compute, record.start, last}}});
}

void TraceSpans::transfer(std::optional<std::uint32_t> stage, const TokenInFlight& token, std::uint32_t op,
                          const LinkSpec& link, const LinkTransfer& transfer) {
  SharedTrack& track = stage_links_.size() == 1 ? stage_links_.front() : stage ? stage_links_[*stage] : links_;
  const Work work = work_of(token, op);
  on_wire(link.registers, transfer, [&](Cycles first, Cycles last) { track.add(first, last, work); });
}

void TraceSpans::visit_over(std::uint32_t stage) { stage_links_[stage].settle(kNever, kNever, sink_); }

void TraceSpans::issue(const TokenInFlight& token, const OpRecord& record) {
  issued_.insert(token.issue);
  sequencer_.add(record.start, record.end, work_of(token, record.op));
}

// Nothing of a token is before its issue, and the next issue is decided on for this cycle or the one before.
void TraceSpans::commit(const TokenInFlight& token, const OpRecord& record) {
  sequencer_.add(record.start, record.end, work_of(token, record.op));
  issued_.erase(issued_.find(token.issue));
  Cycles earliest = record.end - Cycles(1);
  if (!issued_.empty()) earliest = std::min(earliest, *issued_.begin());
  sequencer_.settle(earliest, kNever, sink_);
  links_.settle(earliest, kNever, sink_);
  host_.settle(record.end, record.end, sink_);  // the run is no shorter; an answer leaves now at the earliest
}

void TraceSpans::host(std::uint32_t user, std::optional<base::TokenPos> position, Cycles first, Cycles last) {
  host_.add(first, last, {std::nullopt, std::nullopt, std::nullopt, user, position});
}

void TraceSpans::close(Cycles total) {
  for (SharedTrack* track : {&sequencer_, &links_, &host_}) track->close(total, sink_);
}

}  // namespace kiln::chip
