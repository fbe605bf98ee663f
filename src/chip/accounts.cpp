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

Split split(const OpRecord& r, bool array, std::uint64_t receiver_interval) {
  Split s;
  const Cycles close = r.timing.beats_out > 0 ? r.last_out : r.end;
  if (array) {
    s.wait_input = (r.start - r.first_in).count();  // nothing happens before the whole vector is here
  } else if (r.timing.beats_in > 0) {
    s.wait_input = (r.last_in - r.first_in).count() - (r.timing.beats_in - 1) * receiver_interval;
  }
  s.wait_output = (close - r.end).count();
  s.conflict = r.timing.conflict_cycles;
  const std::uint64_t open = (close - r.first_in).count();
  base::check(open >= s.wait_input + s.wait_output + s.conflict, "accounts: an operation waits longer than it lasts");
  s.compute = open - s.wait_input - s.wait_output - s.conflict;
  return s;
}

}  // namespace

void Accounts::issue(base::TokenPos position, const std::vector<Op>& ops, Cycles now) {
  position_ = position;
  ops_ = &ops;
  issued_ = cursor_ = now;
  pending_ = {};
  pending_path_ = {};
  activity_ = {};
  wire_.clear();
  path(Unit::HostLink, Cause::Wire, (now - committed_).count());
}

void Accounts::operation(const OpRecord& record) {
  const Op& op = (*ops_)[record.op];
  std::uint64_t interval = 1;
  if (record.timing.beats_in > 0) {
    const LinkSpec& link = links_.between((*ops_)[record.op - 1].unit, op.unit);
    interval = link.receiver_interval;
    path(Unit::Links, Cause::Wire, link.stages);
    cursor_ += Cycles(link.stages);
  }
  const Split s = split(record, op.kind == program::OpKind::Multiply, interval);
  spend(op.unit, Cause::Compute, s.compute);
  spend(op.unit, Cause::WaitInput, s.wait_input);
  spend(op.unit, Cause::WaitOutput, s.wait_output);
  spend(op.unit, Cause::KvConflict, s.conflict);
  path(Unit::KvSram, Cause::KvConflict, s.conflict);
  path(op.unit, Cause::Compute, (record.end - cursor_).count() - s.conflict);
  cursor_ = record.end;
}

void Accounts::kv(std::uint64_t busy_cycles, std::uint64_t conflict_cycles) {
  spend(Unit::KvSram, Cause::Compute, busy_cycles);
  spend(Unit::KvSram, Cause::KvConflict, conflict_cycles);
}

void Accounts::passage(std::size_t link, const Passage& passage) {
  activity_.link_beats += passage.leaves.beats() * links_.links()[link].stages;
  const Burst& leaves = passage.leaves;
  const Burst& pops = passage.pops;
  // Beats that leave no later than the one before can arrive are one stretch.
  if (leaves.uniform() && leaves.segment(0).interval <= links_.links()[link].stages) {
    on_wire(leaves.first(), pops.last());
    return;
  }
  std::size_t segment = 0;
  std::uint64_t beat = 0;
  leaves.for_each([&](Cycles leave) {
    if (beat == pops.segment(segment).beats) {
      ++segment;
      beat = 0;
    }
    on_wire(leave, pops.segment(segment).at(beat++));
  });
}

void Accounts::commit(Cycles now) {
  base::check(cursor_ == now, "accounts: the critical path does not reach the commit");
  spend(Unit::Links, Cause::Wire, wire_cycles());
  for (std::size_t u = 0; u < program::kUnits; ++u) {
    for (std::size_t c = 0; c < kCauses; ++c) {
      settled_[u][c] += pending_[u][c];
      settled_path_[u][c] += pending_path_[u][c];
    }
  }
  settled_activity_ += activity_;
  tokens_.push_back({position_, issued_, now});
  committed_ = now;
}

void Accounts::close(Cycles total, Cycles host_wire, RunOutcome& outcome) {
  settled_path_[at(Unit::HostLink)][at(Cause::Wire)] += (total - committed_).count();
  settled_[at(Unit::HostLink)][at(Cause::Wire)] += host_wire.count();
  std::uint64_t path_sum = 0;
  for (std::size_t u = 0; u < program::kUnits; ++u) {
    std::uint64_t busy = 0;
    for (std::size_t c = 0; c < kCauses; ++c) {
      busy += settled_[u][c];
      outcome.by_unit[u][c] = Cycles(settled_[u][c]);
      outcome.critical_path[u] += Cycles(settled_path_[u][c]);
      outcome.critical_causes[c] += Cycles(settled_path_[u][c]);
      path_sum += settled_path_[u][c];
    }
    base::check(busy <= total.count(), std::string("accounts: more cycles than the run has, ") +
                                           std::string(program::name(static_cast<Unit>(u))));
    outcome.by_unit[u][at(Cause::Idle)] = total - Cycles(busy);
  }
  base::check(path_sum == total.count(), "accounts: the critical path does not add up to the run");
  outcome.tokens = std::move(tokens_);
  outcome.activity = settled_activity_;
}

void Accounts::spend(Unit unit, Cause cause, std::uint64_t cycles) { pending_[at(unit)][at(cause)] += cycles; }
void Accounts::path(Unit unit, Cause cause, std::uint64_t cycles) { pending_path_[at(unit)][at(cause)] += cycles; }

void Accounts::on_wire(Cycles first, Cycles last) {
  if (!wire_.empty() && wire_.back().first <= first && first <= wire_.back().second) {
    wire_.back().second = std::max(wire_.back().second, last);
  } else {
    wire_.emplace_back(first, last);
  }
}

std::uint64_t Accounts::wire_cycles() {
  std::sort(wire_.begin(), wire_.end());
  std::uint64_t cycles = 0;
  Cycles reached;
  for (const auto& [first, last] : wire_) {
    if (last <= reached) continue;
    cycles += (last - std::max(first, reached)).count();
    reached = last;
  }
  return cycles;
}

}  // namespace kiln::chip
