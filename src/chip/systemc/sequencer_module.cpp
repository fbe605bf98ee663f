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

void HostLinkModule::send(const TokenInFlight& token) {
  const Cycles received = core_.send(now());
  if (!state_.spans.on()) return;
  const Cycles departed = received - Cycles(state_.placement.chip().host.latency_cycles);
  state_.spans.host(token.user, base::TokenPos{token.position.value + 1}, departed, received);
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

void SequencerModule::stage_freed(Cycles at) {
  if (only_stage_ == nullptr) at += Cycles(state_.placement.chip().link[config::Link::VectorToSequencer]);
  core_.stage_free(at);
  decisions_.push(at);
  next_wake();
}

void SequencerModule::take_burst(TokenInFlight& token, std::uint32_t op, const BeatSchedule&) { take_beat(token, op); }

void SequencerModule::take_beat(TokenInFlight& token, std::uint32_t op) {
  base::check(token.op(op).kind == OpKind::Commit, "sequencer: a beat that is no result");
  commits_.emplace_back(now() + Cycles(state_.placement.chip().sequencer.commit_cycles), &token);
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
    TokenInFlight& token = *issuing_->second;
    issuing_.reset();
    embedding->push(token, 1, 1);
  }
  while (!commits_.empty() && commits_.front().first == now && !state_.halted) {
    TokenInFlight& token = *commits_.front().second;
    commits_.pop_front();
    commit(token, now);
  }
  while (!decisions_.empty() && decisions_.top() < now && !state_.halted) {
    const Cycles cycle = decisions_.top();
    while (!decisions_.empty() && decisions_.top() == cycle) decisions_.pop();
    decide(cycle);
  }
  if (!state_.halted) next_wake();
}

void SequencerModule::decide(Cycles cycle) {
  const auto next = core_.decide(cycle);
  for (const auto& [user, slot] : core_.take_admitted()) {
    if (state_.request.values == nullptr) continue;
    const UserRequest& request = state_.request.users[user];
    state_.request.values->open(slot, request.cached_prefix);
    state_.request.values->announce(slot, request.prompt, [this] { return state_.request.stop.stop_requested(); });
  }
  if (next) return issue(*next, cycle);
  if (core_.all_finished()) state_.halted = true;  // the last ones were refused
}

void SequencerModule::issue(const Sequencer::Token& next, Cycles cycle) {
  if (unused_.empty()) unused_.push_back(&tokens_.emplace_back());
  TokenInFlight& token = *unused_.back();
  unused_.pop_back();
  token.user = next.user;
  token.position = next.position;
  token.with_logits = next.with_logits;
  token.ops = &state_.placement.dataflow().token(next.with_logits);
  token.handle.reset();
  if (state_.request.values != nullptr) {
    const UserRequest& user = state_.request.users[next.user];
    auto sampling = user.sampling;
    sampling.seed = base::mix(sampling.seed, next.user);
    token.handle = state_.request.values->begin(next.slot,
                                                next.from_prompt ? user.prompt[next.position.value - user.cached_prefix]
                                                                 : core_.outcome(next.user).answer.back(),
                                                next.position, sampling);
  }
  state_.accounting.issue(token, cycle);
  OpRecord record = issue_record(state_.placement.chip().sequencer, cycle);
  state_.accounting.sequencer(cycle, record.end);
  if (state_.beats()) {
    issuing_ = {record.end, &token};
  } else {
    embedding->send(token, 1, BeatSchedule(record.end, 1, 1));
  }
  record.first_out = record.last_out = record.end;  // nothing is before it on the link
  state_.accounting.operation(token, record);
  state_.report(token, record);
  if (state_.spans.on()) state_.spans.issue(token, record);
}

void SequencerModule::commit(TokenInFlight& token, Cycles now) {
  const auto op = static_cast<std::uint32_t>(token.ops->size() - 1);
  state_.execute(token, token.op(op));
  if (state_.halted) return;
  const OpRecord record = commit_record(state_.placement.chip().sequencer, op, now);
  state_.accounting.sequencer(record.start, now);
  state_.accounting.operation(token, record);
  state_.report(token, record);
  if (only_stage_ != nullptr) only_stage_->free(now);
  state_.accounting.commit(token, now);
  if (state_.spans.on()) state_.spans.commit(token, record);
  std::optional<base::TokenId> successor;
  if (token.handle) {
    if (token.with_logits) successor = state_.request.values->successor(*token.handle);
    state_.request.values->end(*token.handle);
  }
  if (core_.commit(token.user, token.with_logits, successor, now)) answer(token, successor);
  unused_.push_back(&token);
  ++done_;
  if (core_.all_finished()) state_.halted = true;
  if (state_.request.on_progress) state_.request.on_progress(done_, state_.halted ? done_ : expected_);
  decisions_.push(now);
}

void SequencerModule::answer(const TokenInFlight& token, std::optional<base::TokenId> id) {
  host_.send(token);
  if (state_.request.on_token)
    state_.request.on_token(token.user, id.value_or(0), core_.outcome(token.user).answer_tokens - 1);
}

}  // namespace kiln::chip
