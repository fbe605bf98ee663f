#include "chip/systemc/link_module.hpp"

namespace kiln::chip {

using base::Cycles;

LinkModule::LinkModule(const sc_core::sc_module_name& name, RunState& state, const LinkSpec& spec, StageState* into,
                       std::uint32_t port)
    : Process(name, state, into != nullptr ? into->queue : state.queue),
      spec_(spec),
      into_(into),
      timing_(spec.registers, spec.receiver_interval, Backpressure(state.request.stall_seed, port)),
      registers_(timing_) {}

void LinkModule::account(const TokenInFlight& token, std::uint32_t op, const LinkTransfer& transfer) {
  if (state_.spans.on()) {
    const auto stage = into_ != nullptr ? std::optional(into_->index) : std::nullopt;
    state_.spans.transfer(stage, token, op, spec_, transfer);
  }
  if (into_ != nullptr) return into_->accounting.transfer(spec_, transfer);
  state_.accounting.transfer(spec_, transfer);
}

BeatSchedule LinkModule::send(TokenInFlight& token, std::uint32_t op, const BeatSchedule& available) {
  LinkTransfer transfer = timing_.pass(available, receiver_free_);
  receiver_free_ = transfer.pops.last() + Cycles(timing_.receiver_interval());
  account(token, op, transfer);
  const BeatSchedule departures = transfer.departures;
  if (streams_.empty() && receiver->ready()) {  // saves waking up at the first beat
    receiver->take_burst(token, op, transfer.pops);
    return departures;
  }
  streams_.push_back({&token, op, available.beats(), std::move(transfer)});
  if (streams_.size() == 1) wake_at(streams_.front().transfer.pops.first());
  return departures;
}

void LinkModule::push(TokenInFlight& token, std::uint32_t op, std::uint64_t beats) {
  if (streams_.empty() || streams_.back().token != &token || streams_.back().op != op)
    streams_.push_back({&token, op, beats, {}});
  registers_.push();
  wake_at(now());
}

void LinkModule::wake(Cycles now) {
  if (state_.beats()) return step(now);
  const Stream stream = std::move(streams_.front());
  streams_.erase(streams_.begin());
  if (!streams_.empty()) wake_at(streams_.front().transfer.pops.first());
  receiver->take_burst(*stream.token, stream.op, stream.transfer.pops);
}

void LinkModule::step(Cycles now) {
  const BeatLink::Step happened = registers_.step(now);
  if (happened.next) wake_at(*happened.next);
  if (happened.departed) {
    for (Stream& stream : streams_) {
      if (stream.transfer.departures.beats() == stream.beats) continue;
      stream.transfer.departures.append(now);
      break;
    }
    producer->beat_departed();
  }
  if (!happened.taken) return;
  Stream& first = streams_.front();
  TokenInFlight& token = *first.token;
  const std::uint32_t op = first.op;
  first.transfer.pops.append(now);
  if (first.transfer.pops.beats() == first.beats) {
    account(token, op, first.transfer);
    streams_.erase(streams_.begin());
  }
  receiver->take_beat(token, op);
}

}  // namespace kiln::chip
