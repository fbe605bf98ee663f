#include "chip/accounts.hpp"

#include <algorithm>
#include <string>

namespace kiln::chip {

using base::Cycles;
using program::Op;
using program::Unit;

namespace {

constexpr std::size_t at(Unit unit) { return static_cast<std::size_t>(unit); }
constexpr std::size_t at(Cause cause) { return static_cast<std::size_t>(cause); }

/// Adds what one operation's cycles went to; they add up to its time from first beat in to last beat out.
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

void add(CauseTable& sum, const CauseTable& other) {
  for (std::size_t u = 0; u < program::kUnits; ++u)
    for (std::size_t c = 0; c < kCauses; ++c) sum[u][c] += other[u][c];
}

}  // namespace

void StageAccounts::operation(const Flight& flight, const OpRecord& record) {
  const Op& op = flight.op(record.op);
  if (!entered_) entered_ = record.first_in;
  const std::uint64_t interval =
      record.timing.beats_in > 0 ? links_.between(flight.op(record.op - 1), op).receiver_interval : 1;
  const Split s = split(record, op.kind == program::OpKind::Multiply, interval);
  spend(op.unit, Cause::Compute, s.compute);
  spend(op.unit, Cause::WaitInput, s.wait_input);
  spend(op.unit, Cause::WaitOutput, s.wait_output);
  spend(op.unit, Cause::KvConflict, s.conflict);
}

void StageAccounts::kv(std::uint64_t busy_cycles, std::uint64_t conflict_cycles) {
  spend(Unit::KvSram, Cause::Compute, busy_cycles);
  spend(Unit::KvSram, Cause::KvConflict, conflict_cycles);
}

void StageAccounts::lora(std::uint64_t busy_cycles) { spend(Unit::Lora, Cause::Compute, busy_cycles); }

void StageAccounts::passage(const LinkSpec& link, const Passage& passage) {
  activity_.link_beats += passage.leaves.beats() * link.stages;
  on_wire(link.stages, passage, [&](Cycles first, Cycles last) { wire_.add(first, last); });
}

void StageAccounts::visit_over(Cycles now) {
  base::check(entered_.has_value(), "accounts: a visit without an operation");
  spend(Unit::Links, Cause::Wire, wire_.covered());
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

void StageAccounts::spend(Unit unit, Cause cause, std::uint64_t cycles) { pending_[at(unit)][at(cause)] += cycles; }

void Accounts::issue(Flight& flight, Cycles now) {
  flight.issue = flight.cursor = now;
  flight.path = {};
  if (one_at_a_time_) path(flight, Unit::HostLink, Cause::Wire, (now - committed_).count());
}

void Accounts::operation(Flight& flight, const OpRecord& record) {
  const Op& op = flight.op(record.op);
  if (record.timing.beats_in > 0) {
    const std::uint32_t stages = links_.between(flight.op(record.op - 1), op).stages;
    path(flight, Unit::Links, Cause::Wire, stages);
    flight.cursor += Cycles(stages);
  }
  const std::uint64_t held = held_up(record);
  const std::uint64_t conflict = record.timing.conflict_cycles;
  path(flight, op.unit, Cause::WaitOutput, held);
  const std::uint64_t adapter = record.timing.adapter_cycles;
  path(flight, Unit::KvSram, Cause::KvConflict, conflict);
  path(flight, Unit::Lora, Cause::Compute, adapter);
  path(flight, op.unit, Cause::Compute, (record.end - flight.cursor).count() - conflict - adapter - held);
  flight.cursor = record.end;
}

void Accounts::passage(const LinkSpec& link, const Passage& passage) {
  link_beats_ += passage.leaves.beats() * link.stages;
  on_wire(link.stages, passage, [&](Cycles first, Cycles last) { wire_.add(first, last); });
}

void Accounts::commit(const Flight& flight, Cycles now) {
  base::check(flight.cursor == now, "accounts: the critical path does not reach the commit");
  add(path_, flight.path);
  in_flight_cycles_ += (now - flight.issue).count();
  tokens_.push_back({flight.user, flight.position, flight.issue, now});
  committed_ = now;
}

void Accounts::close_path(Cycles total, RunOutcome& outcome) {
  if (one_at_a_time_) path_[at(Unit::HostLink)][at(Cause::Wire)] += (total - committed_).count();
  std::uint64_t sum = 0;
  for (std::size_t u = 0; u < program::kUnits; ++u) {
    for (std::size_t c = 0; c < kCauses; ++c) {
      outcome.critical_path[u] += Cycles(path_[u][c]);
      outcome.critical_causes[c] += Cycles(path_[u][c]);
      sum += path_[u][c];
    }
  }
  base::check(sum == (one_at_a_time_ ? total.count() : in_flight_cycles_),
              "accounts: the critical path does not add up");
}

void Accounts::close(Cycles total, Cycles host_wire, const program::Dataflow& dataflow,
                     const std::vector<const StageAccounts*>& stages, RunOutcome& outcome) {
  CauseTable common{};
  common[at(Unit::HostLink)][at(Cause::Wire)] = host_wire.count();
  common[at(Unit::Sequencer)][at(Cause::Compute)] = sequencer_.covered(total);
  common[at(Unit::Links)][at(Cause::Wire)] = wire_.covered(total);
  outcome.activity.link_beats = link_beats_;
  const auto row = [&](Unit unit, std::optional<std::uint32_t> stage, const auto& causes) {
    UnitCycles entry{unit, stage, {}};
    std::uint64_t busy = 0;
    for (std::size_t c = 0; c < kCauses; ++c) {
      entry.causes[c] = Cycles(causes[c]);
      busy += causes[c];
    }
    base::check(busy <= total.count(), "accounts: more cycles than the run has, " + entry.name());
    entry.causes[at(Cause::Idle)] = total - Cycles(busy);
    outcome.by_unit.push_back(entry);
  };
  for (const StageAccounts* stage : stages) {
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

void Accounts::path(Flight& flight, Unit unit, Cause cause, std::uint64_t cycles) const {
  flight.path[at(unit)][at(cause)] += cycles;
}

}  // namespace kiln::chip
