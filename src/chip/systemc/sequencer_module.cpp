#include "chip/systemc/sequencer_module.hpp"

#include <algorithm>

#include "base/random.hpp"

namespace kiln::chip {

using base::Cycles;
using program::OpKind;

namespace {

OpRecord issue_record(const config::SequencerConfig& config, Cycles at) {
  OpRecord r;
  r.timing.beats_out = 1;
  r.timing.latency = config.issue_cycles;
  r.first_in = r.last_in = r.start = at;
  r.end = at + Cycles(config.issue_cycles);
  return r;
}

OpRecord commit_record(const config::SequencerConfig& config, std::uint32_t op, Cycles end) {
  OpRecord r;
  r.op = op;
  r.timing.beats_in = 1;
  r.timing.latency = config.commit_cycles;
  r.first_in = r.last_in = r.start = end - Cycles(config.commit_cycles);
  r.end = end;
  return r;
}

}  // namespace

void HostLinkModule::start_of_simulation() {
  wake_at(core_.next_arrival().at);
  if (!state_.spans.on()) return;
  for (std::uint32_t user = 0; user < state_.request.users.size(); ++user) {
    const auto [first, last] = core_.prompt_under_way(user);
    state_.spans.host(user, std::nullopt, first, last);
  }
}

void HostLinkModule::send(const TokenInFlight& flight) {
  const Cycles received = core_.send(now());
  if (!state_.spans.on()) return;
  const Cycles left = received - Cycles(state_.placement.chip().host.latency_cycles);
  state_.spans.host(flight.user, base::TokenPos{flight.position.value + 1}, left, received);
}

void HostLinkModule::wake(Cycles) {
  const HostLink::Arrival arrival = core_.next_arrival();
  core_.arrived();
  if (!core_.all_arrived()) wake_at(core_.next_arrival().at);
  sequencer_->prompt_arrived(arrival.user);
}

SequencerModule::SequencerModule(const sc_core::sc_module_name& name, RunState& state, HostLinkModule& host)
    : Process(name, state, state.queue), core_(state.placement, state.request.users), host_(host) {
  for (const UserRequest& user : state.request.users) {
    if (user.cancelled_at) decisions_.push(*user.cancelled_at + Cycles(state.placement.chip().host.latency_cycles));
    expected_ += std::min<std::uint64_t>(user.cached_prefix + user.prompt.size() + user.max_new_tokens - 1,
                                         state.placement.kv().capacity_tokens) -
                 user.cached_prefix;
  }
}

void SequencerModule::prompt_arrived(std::uint32_t user) {
  core_.prompt_arrived(user, now());
  decisions_.push(now());
  next_wake();
}

void SequencerModule::freed(Cycles at) {
  if (only_stage_ == nullptr) at += Cycles(state_.placement.chip().link[config::Link::VectorToSequencer]);
  core_.stage_free(at);
  decisions_.push(at);
  next_wake();
}

void SequencerModule::take_burst(TokenInFlight& flight, std::uint32_t op, const BeatSchedule&) {
  take_beat(flight, op);
}

void SequencerModule::take_beat(TokenInFlight& flight, std::uint32_t op) {
  base::check(flight.op(op).kind == OpKind::Commit, "sequencer: a beat that is no result");
  commits_.emplace_back(now() + Cycles(state_.placement.chip().sequencer.commit_cycles), &flight);
  next_wake();
}

void SequencerModule::next_wake() {
  std::optional<Cycles> next;
  const auto consider = [&](Cycles at) {
    if (!next || at < *next) next = at;
  };
  if (issuing_) consider(issuing_->first);
  if (!commits_.empty()) consider(commits_.front().first);
  if (!decisions_.empty()) consider(decisions_.top() + Cycles(1));
  if (next) wake_at(std::max(*next, now()));
}

void SequencerModule::wake(Cycles now) {
  if (issuing_ && issuing_->first == now) {
    TokenInFlight& flight = *issuing_->second;
    issuing_.reset();
    embedding->push(flight, 1, 1);
  }
  while (!commits_.empty() && commits_.front().first == now && !state_.halted) {
    TokenInFlight& flight = *commits_.front().second;
    commits_.pop_front();
    commit(flight, now);
  }
  while (!decisions_.empty() && decisions_.top() < now && !state_.halted) {
    const Cycles cycle = decisions_.top();
    while (!decisions_.empty() && decisions_.top() == cycle) decisions_.pop();
    decide(cycle);
  }
  if (!state_.halted) next_wake();
}

void SequencerModule::decide(Cycles cycle) {
  const auto token = core_.decide(cycle);
  for (const auto& [user, slot] : core_.take_admitted())
    if (state_.request.values != nullptr) state_.request.values->open(slot, state_.request.users[user].cached_prefix);
  if (token) return issue(*token, cycle);
  if (core_.all_finished()) state_.halted = true;  // the last ones were refused
}

void SequencerModule::issue(const Sequencer::Token& token, Cycles cycle) {
  if (unused_.empty()) unused_.push_back(&flights_.emplace_back());
  TokenInFlight& flight = *unused_.back();
  unused_.pop_back();
  flight.user = token.user;
  flight.position = token.position;
  flight.with_logits = token.with_logits;
  flight.ops = &state_.placement.dataflow().token(token.with_logits);
  flight.handle.reset();
  if (state_.request.values != nullptr) {
    const UserRequest& user = state_.request.users[token.user];
    auto sampling = user.sampling;
    sampling.seed = base::mix(sampling.seed, token.user);
    flight.handle =
        state_.request.values->begin(token.slot,
                                     token.from_prompt ? user.prompt[token.position.value - user.cached_prefix]
                                                       : core_.outcome(token.user).answer.back(),
                                     token.position, sampling);
  }
  state_.accounting.issue(flight, cycle);
  OpRecord record = issue_record(state_.placement.chip().sequencer, cycle);
  state_.accounting.sequencer(cycle, record.end);
  if (state_.beats()) {
    issuing_ = {record.end, &flight};
  } else {
    embedding->send(flight, 1, BeatSchedule(record.end, 1, 1));
  }
  record.first_out = record.last_out = record.end;  // nothing is before it on the link
  state_.accounting.operation(flight, record);
  state_.report(flight, record);
  if (state_.spans.on()) state_.spans.issue(flight, record);
}

void SequencerModule::commit(TokenInFlight& flight, Cycles now) {
  const auto op = static_cast<std::uint32_t>(flight.ops->size() - 1);
  state_.execute(flight, flight.op(op));
  if (state_.halted) return;
  const OpRecord record = commit_record(state_.placement.chip().sequencer, op, now);
  state_.accounting.sequencer(record.start, now);
  state_.accounting.operation(flight, record);
  state_.report(flight, record);
  if (only_stage_ != nullptr) only_stage_->free(now);
  state_.accounting.commit(flight, now);
  if (state_.spans.on()) state_.spans.commit(flight, record);
  std::optional<base::TokenId> successor;
  if (flight.handle) {
    if (flight.with_logits) successor = state_.request.values->successor(*flight.handle);
    state_.request.values->end(*flight.handle);
  }
  if (core_.commit(flight.user, flight.with_logits, successor, now)) answer(flight, successor);
  unused_.push_back(&flight);
  ++done_;
  if (core_.all_finished()) state_.halted = true;
  if (state_.request.on_progress) state_.request.on_progress(done_, state_.halted ? done_ : expected_);
  decisions_.push(now);
}

void SequencerModule::answer(const TokenInFlight& flight, std::optional<base::TokenId> id) {
  host_.send(flight);
  if (state_.request.on_token)
    state_.request.on_token(flight.user, id.value_or(0), core_.outcome(flight.user).answer_tokens - 1);
}

}  // namespace kiln::chip
