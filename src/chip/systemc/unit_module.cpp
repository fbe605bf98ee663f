#include "chip/systemc/unit_module.hpp"

namespace kiln::chip {

using base::Cycles;

UnitModule::UnitModule(const sc_core::sc_module_name& name, StageState& stage, program::Unit unit)
    : Process(name, stage.run, stage.queue), stage_(stage) {
  for (const LinkSpec& link : state_.links.links()) {
    if (link.from != unit || link.between_chips || !wanted(link)) continue;
    const std::string port = "to_" + std::string(program::name(link.to));
    outputs_[static_cast<std::size_t>(link.to)] = std::make_unique<sc_core::sc_port<Source>>(port.c_str());
  }
}

/// Only what the stage has at its other end.
bool UnitModule::wanted(const LinkSpec& link) const {
  const program::Dataflow& dataflow = state_.placement.dataflow();
  if (link.to == program::Unit::Sequencer) return dataflow.ends_at(stage_.index, link.from);
  if (link.from == link.to) return stage_.index + 1 < dataflow.stages().size();
  return dataflow.has(stage_.index, link.to);
}

sc_core::sc_port<Source>& UnitModule::output(program::Unit to) {
  const auto& port = outputs_[static_cast<std::size_t>(to)];
  base::check(port != nullptr, "a unit without a link to the next operation's unit");
  return *port;
}

sc_core::sc_port<Source>& UnitModule::next_link() { return output(token_->op(operation_->index() + 1).unit); }

void UnitModule::begin(TokenInFlight& token, std::uint32_t index) {
  base::check(!operation_, "a unit begins an operation before the last one is over");
  token_ = &token;
  operation_.emplace(index, timing(token, index), now());
  if (state_.spans.on() && operation_->timing().beats_in > 0)
    operation_->watch_gaps(state_.links.between(token.op(index - 1), token.op(index)).receiver_interval);
}

void UnitModule::take_burst(TokenInFlight& token, std::uint32_t op, const BeatSchedule& pops) {
  begin(token, op);
  follow(operation_->run(pops));
}

void UnitModule::start(TokenInFlight& token, std::uint32_t index, Cycles asked) {
  begin(token, index);
  operation_->held_up_since(asked);
  if (state_.beats()) return all_taken();
  follow(operation_->run());
}

// A burst out is announced at once; the unit itself wakes when its operation ends.
void UnitModule::follow(const BeatSchedule& out) {
  if (out.empty()) {
    operation_->ends_at(operation_->result_at());
  } else {
    operation_->ends_at(out.last());
    operation_->set_departures(next_link()->send(*token_, operation_->index() + 1, out));
  }
  wake_at(operation_->record().end);
}

void UnitModule::take_beat(TokenInFlight& token, std::uint32_t op) {
  if (!operation_) begin(token, op);
  base::check(op == operation_->index() && &token == token_,
              "a unit takes a beat of the next operation before the last one is over");
  if (const auto out = operation_->take(now())) emit_at(*out);
  if (operation_->all_taken() && operation_->timing().flow != Flow::Through) all_taken();
}

void UnitModule::all_taken() { emit_at(operation_->result_at()); }

void UnitModule::emit_at(Cycles at) {
  due_.push_back(at);
  if (due_.size() == 1) wake_at(at);  // else the unit is to be woken already
}

void UnitModule::wake(Cycles now) {
  if (state_.beats()) return emit(now);
  end();
  close();
}

void UnitModule::emit(Cycles now) {
  base::check(!due_.empty() && due_.front() == now, "a unit was woken for nothing");
  due_.pop_front();
  if (operation_->timing().beats_out == 0) {
    operation_->ends_at(now);
    end();
    return close();
  }
  next_link()->push(*token_, operation_->index() + 1, operation_->timing().beats_out);
  operation_->emit(now);
  if (operation_->all_emitted()) {
    end();
  } else if (operation_->timing().flow != Flow::Through) {
    due_.push_back(now + Cycles(operation_->timing().interval));
  }
  if (!due_.empty()) wake_at(due_.front());
}

void UnitModule::beat_departed() {
  operation_->depart(now());
  if (operation_->all_departed()) close();
}

void UnitModule::end() { state_.execute(*token_, token_->op(operation_->index())); }

void UnitModule::close() {
  if (state_.halted) return;
  const OpRecord record = operation_->record();
  TokenInFlight& token = *token_;
  operation_.reset();
  stage_.accounting.operation(token, record);
  state_.accounting.operation(token, record);
  state_.report(token, record);
  if (state_.spans.on()) state_.spans.operation(token, record);
  closed(token, record);
  if (state_.placement.dataflow().leaves_stage(*token.ops, record.op))
    stage_.free(record.timing.beats_out > 0 ? record.last_out : record.end);
}

}  // namespace kiln::chip
