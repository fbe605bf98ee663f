#include "chip/unit_modules.hpp"

#include <algorithm>

namespace kiln::chip {

using base::Cycles;
using program::OpKind;

OpTiming VectorUnitModule::timing(std::uint32_t index) {
  return core_.timing(state_.op(index).kind, state_.op(index + 1).kind == OpKind::Commit);
}

void VectorUnitModule::closed(const OpRecord& record) {
  core_.count(state_.op(record.op), state_.accounts.activity());
  if (state_.op(record.op + 1).kind == OpKind::Norm) start(record.op + 1);
}

OpTiming AttentionModule::timing(std::uint32_t) {
  // Single beats find the reads' cost step by step.
  cost_ = state_.beats() ? ReadCost{} : reads_.phase(context());
  return core_.timing(context(), cost_);
}

void AttentionModule::complete() {
  walk_.emplace(core_, context(), now());
  wake_at(walk_->next());
}

void AttentionModule::wake(Cycles now) {
  if (!walk_) return UnitModule::wake(now);
  if (!walk_->done()) return wake_at(walk_->next());
  cost_ = walk_->cost();
  operation().set_latency((now - operation().record().last_in).count(), walk_->conflict_cycles());
  walk_.reset();
  emit_at(now);
}

void AttentionModule::closed(const OpRecord& record) {
  core_.count(context(), cost_, state_.accounts.activity());
  state_.accounts.kv(core_.write_slots() + 2 * cost_.steps, record.timing.conflict_cycles);
}

SequencerModule::SequencerModule(const sc_core::sc_module_name& name, RunState& state, HostLinkModule& host)
    : UnitModule(name, state, program::Unit::Sequencer),
      core_(state.placement, state.request.prompt.size(), state.request.max_new_tokens, state.request.end_tokens),
      host_(host) {}

OpTiming SequencerModule::timing(std::uint32_t index) {
  return state_.op(index).kind == OpKind::Issue ? core_.issue_timing() : core_.commit_timing();
}

void SequencerModule::prompt_arrived() {
  core_.prompt_arrived();
  issue_next();
}

void SequencerModule::issue_next() {
  if (state_.halted || !core_.can_issue()) return;
  const Sequencer::Token token = core_.issue();
  state_.position = token.position;
  state_.ops = &state_.placement.dataflow().token(token.with_logits);
  state_.accounts.issue(token.position, *state_.ops, now());
  if (state_.request.values != nullptr) {
    state_.request.values->begin(token.from_prompt ? state_.request.prompt[token.position.value] : answer_.back(),
                                 token.position);
  }
  start(0);
}

void SequencerModule::closed(const OpRecord& record) {
  if (state_.op(record.op).kind == OpKind::Commit) commit();
}

void SequencerModule::commit() {
  const RunRequest& request = state_.request;
  state_.accounts.commit(now());
  const std::uint64_t done = std::uint64_t{state_.position.value} + 1;
  std::optional<base::TokenId> successor;
  const bool with_logits = done >= request.prompt.size();
  if (with_logits && request.values != nullptr) successor = request.values->argmax();
  if (core_.commit(successor)) answer(successor);
  if (request.on_progress) {
    const std::uint64_t total = request.prompt.size() + request.max_new_tokens - 1;
    request.on_progress(done, core_.finish() ? done : std::min(total, state_.placement.kv().capacity_tokens));
  }
  if (core_.finish()) {
    state_.halted = true;
  } else {
    issue_next();
  }
}

void SequencerModule::answer(std::optional<base::TokenId> id) {
  host_.send();
  if (id) answer_.push_back(*id);
  if (state_.request.on_token) state_.request.on_token(id.value_or(0), core_.answer_tokens() - 1);
}

void HostLinkModule::wake(Cycles) {
  ++delivered_;
  if (delivered_ < state_.request.prompt.size()) wake_at(core_.arrival(delivered_));
  sequencer_->prompt_arrived();
}

}  // namespace kiln::chip
