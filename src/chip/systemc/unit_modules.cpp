#include "chip/systemc/unit_modules.hpp"

#include <algorithm>

namespace kiln::chip {

using base::Cycles;
using program::OpKind;

// Wakes up only if a sender waits.
void StageCredit::request() {
  if (credit_ && *credit_ <= now()) {
    credit_.reset();
    sender_.credit_given();
    return;
  }
  wanted_ = now();
  if (credit_) wake_at(*credit_);
}

// The sender's stage may be ahead of the next one, and have asked later than the credit was there.
void StageCredit::stage_freed(Cycles at) {
  credit_ = at + Cycles(delay_);
  if (wanted_) wake_at(std::max(*credit_, *wanted_));
}

void StageCredit::wake(Cycles) {
  if (std::exchange(wanted_, std::nullopt)) request();
}

VectorUnitModule::VectorUnitModule(const sc_core::sc_module_name& name, StageState& stage)
    : UnitModule(name, stage, program::Unit::VectorUnit), core_(state_.placement) {}

OpTiming VectorUnitModule::timing(const TokenInFlight& token, std::uint32_t index) {
  const program::Op& op = token.op(index);
  if (op.kind == OpKind::SendResidual)
    return core_.send_timing(state_.links.links()[state_.links.index_behind(stage_.index)].between_chips);
  return core_.timing(op.kind, token.op(index + 1).kind == OpKind::Commit);
}

void VectorUnitModule::closed(TokenInFlight& token, const OpRecord& record) {
  core_.count(token.op(record.op), stage_.accounting.activity());
  const OpKind next = token.op(record.op + 1).kind;
  if (next == OpKind::Norm) start(token, record.op + 1, now());
  if (next == OpKind::SendResidual) {
    waiting_ = Waiting{&token, record.op + 1, now()};
    credit_->request();
  }
}

void VectorUnitModule::credit_given() {
  const Waiting waiting = *std::exchange(waiting_, std::nullopt);
  start(*waiting.token, waiting.op, waiting.since);
}

ArrayModule::ArrayModule(const sc_core::sc_module_name& name, StageState& stage, program::ArrayKind kind)
    : UnitModule(name, stage, program::array_unit(kind)), core_(state_.placement, kind), timing_(core_.timing()) {
  if (!state_.placement.adapts(kind)) return;
  lora_.emplace(state_.placement, kind);
  timing_.adapter_cycles = std::max(lora_->cycles(), core_.cycles()) - core_.cycles();
  timing_.latency += timing_.adapter_cycles;
}

void ArrayModule::closed(TokenInFlight& token, const OpRecord& record) {
  core_.count(stage_.accounting.activity());
  if (!lora_) return;
  lora_->count(stage_.accounting.activity());
  stage_.accounting.lora(lora_->cycles());
  if (state_.spans.on()) state_.spans.lora(token, record, lora_->cycles());
}

OpTiming AttentionModule::timing(const TokenInFlight& token, std::uint32_t) {
  // Single beats find the reads' cost step by step.
  cost_ = state_.beats() ? ReadCost{} : state_.kv_reads.phase(context(token));
  return core_.timing(context(token), cost_);
}

void AttentionModule::all_taken() {
  steps_.emplace(core_, context(token()), now());
  wake_at(steps_->next());
}

void AttentionModule::wake(Cycles now) {
  if (!steps_) return UnitModule::wake(now);
  if (!steps_->done()) return wake_at(steps_->next());
  cost_ = steps_->cost();
  operation().set_latency((now - operation().record().last_in).count(), steps_->conflict_cycles());
  steps_.reset();
  emit_at(now);
}

void AttentionModule::closed(TokenInFlight& token, const OpRecord& record) {
  core_.count(context(token), cost_, stage_.accounting.activity());
  const std::uint64_t busy = core_.write_slots() + 2 * cost_.steps;
  stage_.accounting.kv(busy, record.timing.conflict_cycles);
  if (state_.spans.on()) state_.spans.kv(token, record, busy);
}

}  // namespace kiln::chip
