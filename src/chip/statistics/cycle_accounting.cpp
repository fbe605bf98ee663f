#include "chip/statistics/cycle_accounting.hpp"

#include <algorithm>
#include <string>

namespace kiln::chip {

using base::Cycles;
using program::Op;
using program::Unit;

namespace {

constexpr std::size_t at(Unit unit) { return static_cast<std::size_t>(unit); }
constexpr std::size_t at(CycleCategory category) { return static_cast<std::size_t>(category); }

/// Adds one operation's cycles by category; they add up to its time from first beat in to last beat out.
struct Split {
  std::uint64_t wait_input = 0, wait_output = 0, conflict = 0, compute = 0;
};

/// Cycles that an operation without beats in waited for leave to begin.
std::uint64_t held_up(const OpRecord& r) { return r.timing.beats_in == 0 ? (r.start - r.first_in).count() : 0; }

Split split(const OpRecord& r, bool array, std::uint64_t receiver_interval) {
  Split s;
  const Cycles close = r.timing.beats_out > 0 ? r.last_out : r.end;
  if (array) {
    s.wait_input = (r.start - r.first_in).count();  // nothing happens before the whole vector is here
  } else if (r.timing.beats_in > 0) {
    s.wait_input = (r.last_in - r.first_in).count() - (r.timing.beats_in - 1) * receiver_interval;
  }
  s.wait_output = (close - r.end).count() + held_up(r) + r.timing.adapter_cycles;
  s.conflict = r.timing.conflict_cycles;
  const std::uint64_t open = (close - r.first_in).count();
  base::check(open >= s.wait_input + s.wait_output + s.conflict, "accounts: an operation waits longer than it lasts");
  s.compute = open - s.wait_input - s.wait_output - s.conflict;
  return s;
}

void add(CycleTable& sum, const CycleTable& other) {
  for (std::size_t u = 0; u < program::kUnits; ++u)
    for (std::size_t c = 0; c < kCycleCategories; ++c) sum[u][c] += other[u][c];
}

}  // namespace

void StageAccounting::operation(const TokenInFlight& token, const OpRecord& record) {
  const Op& op = token.op(record.op);
  if (!entered_) entered_ = record.first_in;
  const std::uint64_t interval =
      record.timing.beats_in > 0 ? links_.between(token.op(record.op - 1), op).receiver_interval : 1;
  const Split s = split(record, op.kind == program::OpKind::Multiply, interval);
  spend(op.unit, CycleCategory::Compute, s.compute);
  spend(op.unit, CycleCategory::WaitInput, s.wait_input);
  spend(op.unit, CycleCategory::WaitOutput, s.wait_output);
  spend(op.unit, CycleCategory::KvConflict, s.conflict);
}

void StageAccounting::kv(std::uint64_t busy_cycles, std::uint64_t conflict_cycles) {
  spend(Unit::KvSram, CycleCategory::Compute, busy_cycles);
  spend(Unit::KvSram, CycleCategory::KvConflict, conflict_cycles);
}

void StageAccounting::lora(std::uint64_t busy_cycles) { spend(Unit::Lora, CycleCategory::Compute, busy_cycles); }

void StageAccounting::transfer(const LinkSpec& link, const LinkTransfer& transfer) {
  activity_.link_beats += transfer.departures.beats() * link.registers;
  on_wire(link.registers, transfer, [&](Cycles first, Cycles last) { wire_.add(first, last); });
}

void StageAccounting::visit_over(Cycles now) {
  base::check(entered_.has_value(), "accounts: a visit without an operation");
  spend(Unit::Links, CycleCategory::Wire, wire_.covered());
  add(settled_, pending_);
  settled_activity_ += activity_;
  ++stage_.tokens;
  stage_.occupied += now - *entered_;
  last_over_ = now;
  pending_ = {};
  activity_ = {};
  wire_.clear();
  entered_.reset();
}

void StageAccounting::spend(Unit unit, CycleCategory category, std::uint64_t cycles) {
  pending_[at(unit)][at(category)] += cycles;
}

// A beat is told when it has arrived, if it moves on its own; an issue a cycle after its decision.
CycleAccounting::CycleAccounting(const LinkMap& links, bool one_at_a_time, std::uint64_t commit_cycles)
    : links_(links), one_at_a_time_(one_at_a_time), longest_back_(commit_cycles + 1) {
  std::uint32_t longest = 0;
  for (const LinkSpec& link : links.links()) longest = std::max(longest, link.registers);
  longest_back_ += longest;
}

void CycleAccounting::issue(TokenInFlight& token, Cycles now) {
  token.issue = token.cursor = now;
  token.path = {};
  if (one_at_a_time_) path(token, Unit::HostLink, CycleCategory::Wire, (now - committed_).count());
}

void CycleAccounting::operation(TokenInFlight& token, const OpRecord& record) {
  const Op& op = token.op(record.op);
  if (record.timing.beats_in > 0) {
    const std::uint32_t registers = links_.between(token.op(record.op - 1), op).registers;
    path(token, Unit::Links, CycleCategory::Wire, registers);
    token.cursor += Cycles(registers);
  }
  const std::uint64_t held = held_up(record);
  const std::uint64_t conflict = record.timing.conflict_cycles;
  path(token, op.unit, CycleCategory::WaitOutput, held);
  const std::uint64_t adapter = record.timing.adapter_cycles;
  path(token, Unit::KvSram, CycleCategory::KvConflict, conflict);
  path(token, Unit::Lora, CycleCategory::Compute, adapter);
  path(token, op.unit, CycleCategory::Compute, (record.end - token.cursor).count() - conflict - adapter - held);
  token.cursor = record.end;
}

void CycleAccounting::transfer(const LinkSpec& link, const LinkTransfer& transfer) {
  link_beats_ += transfer.departures.beats() * link.registers;
  on_wire(link.registers, transfer, [&](Cycles first, Cycles last) { wire_.add(first, last); });
}

void CycleAccounting::commit(const TokenInFlight& token, Cycles now) {
  base::check(token.cursor == now, "accounts: the critical path does not reach the commit");
  add(path_, token.path);
  in_flight_cycles_ += (now - token.issue).count();
  tokens_.push_back({token.user, token.position, token.issue, now});
  committed_ = now;
  const Cycles before = now - std::min(now, Cycles(longest_back_));
  sequencer_.settle(before);
  wire_.settle(before);
}

void CycleAccounting::close_path(Cycles total, RunOutcome& outcome) {
  if (one_at_a_time_) path_[at(Unit::HostLink)][at(CycleCategory::Wire)] += (total - committed_).count();
  std::uint64_t sum = 0;
  for (std::size_t u = 0; u < program::kUnits; ++u) {
    for (std::size_t c = 0; c < kCycleCategories; ++c) {
      outcome.critical_path[u] += Cycles(path_[u][c]);
      outcome.critical_by_category[c] += Cycles(path_[u][c]);
      sum += path_[u][c];
    }
  }
  base::check(sum == (one_at_a_time_ ? total.count() : in_flight_cycles_),
              "accounts: the critical path does not add up");
}

void CycleAccounting::close(Cycles total, Cycles host_wire, const program::Dataflow& dataflow,
                            const std::vector<const StageAccounting*>& stages, RunOutcome& outcome) {
  CycleTable common{};
  common[at(Unit::HostLink)][at(CycleCategory::Wire)] = host_wire.count();
  common[at(Unit::Sequencer)][at(CycleCategory::Compute)] = sequencer_.covered(total);
  common[at(Unit::Links)][at(CycleCategory::Wire)] = wire_.covered(total);
  outcome.activity.link_beats = link_beats_;
  const auto row = [&](Unit unit, std::optional<std::uint32_t> stage, const auto& categories) {
    UnitCycles entry{unit, stage, {}};
    std::uint64_t busy = 0;
    for (std::size_t c = 0; c < kCycleCategories; ++c) {
      entry.by_category[c] = Cycles(categories[c]);
      busy += categories[c];
    }
    base::check(busy <= total.count(), "accounts: more cycles than the run has, " + entry.name());
    entry.by_category[at(CycleCategory::Idle)] = total - Cycles(busy);
    outcome.by_unit.push_back(entry);
  };
  for (const StageAccounting* stage : stages) {
    outcome.activity += stage->settled_activity();
    outcome.by_stage.push_back(stage->stage());
  }
  if (stages.size() == 1) add(common, stages[0]->settled());
  for (std::size_t u = 0; u < program::kUnits; ++u) {
    const auto unit = static_cast<Unit>(u);
    if (!dataflow.has(unit)) continue;
    if (stages.size() == 1) {
      row(unit, std::nullopt, common[u]);
      continue;
    }
    if (program::stageless(unit)) row(unit, std::nullopt, common[u]);
    for (std::uint32_t s = 0; s < stages.size(); ++s)
      if (dataflow.has(s, unit)) row(unit, s, stages[s]->settled()[u]);
  }
  close_path(total, outcome);
  outcome.tokens = std::move(tokens_);
}

void CycleAccounting::path(TokenInFlight& token, Unit unit, CycleCategory category, std::uint64_t cycles) const {
  token.path[at(unit)][at(category)] += cycles;
}

}  // namespace kiln::chip
