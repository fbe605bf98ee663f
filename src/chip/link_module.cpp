#include "chip/link_module.hpp"

namespace kiln::chip {

using base::Cycles;

LinkModule::LinkModule(const sc_core::sc_module_name& name, RunState& state, std::size_t index)
    : Process(name, state),
      index_(index),
      timing_(state.links.links()[index].stages, state.links.links()[index].receiver_interval,
              Refusal(state.request.stall_seed, static_cast<std::uint32_t>(index))),
      registers_(timing_) {}

Burst LinkModule::send(std::uint32_t op, const Burst& available) {
  base::check(!passage_, "link: a burst before the one before has arrived");
  passage_ = timing_.pass(available);
  op_ = op;
  state_.accounts.passage(index_, *passage_);
  wake_at(passage_->pops.first());
  return passage_->leaves;
}

void LinkModule::push(std::uint32_t op, std::uint64_t beats) {
  if (!passage_) {
    passage_.emplace();
    op_ = op;
    beats_ = beats;
  }
  base::check(op == op_ && beats == beats_, "link: beats of another stream");
  registers_.push();
  wake_at(now());
}

void LinkModule::wake(Cycles now) {
  if (state_.beats()) return step(now);
  const Passage passage = std::move(*passage_);
  passage_.reset();
  receiver->take_burst(op_, passage.pops);
}

void LinkModule::step(Cycles now) {
  const BeatLink::Step happened = registers_.step(now);
  if (happened.next) wake_at(*happened.next);
  if (happened.left) {
    passage_->leaves.append(now);
    producer->beat_left();
  }
  if (!happened.taken) return;
  passage_->pops.append(now);
  const bool last = passage_->pops.beats() == beats_;
  if (last) {
    state_.accounts.passage(index_, *passage_);
    passage_.reset();
  }
  receiver->take_beat(op_);
}

}  // namespace kiln::chip
