#include "chip/timing/sequencer.hpp"

#include <algorithm>
#include <utility>

namespace kiln::chip {

using base::Cycles;
using config::Arbitration;

Sequencer::Sequencer(const program::Placement& placement, const std::vector<UserRequest>& users)
    : config_(placement.chip().sequencer),
      when_full_(placement.chip().kv.when_full),
      kv_free_(placement.kv().capacity_tokens),
      unfinished_(users.size()) {
  for (const UserRequest& request : users) {
    User user;
    user.cached_prefix = user.arrived = user.next = request.cached_prefix;
    user.prompt_end = user.cached_prefix + request.prompt.size();
    user.max_new = request.max_new_tokens;
    user.end_tokens = &request.end_tokens;
    user.reserved = std::min(user.prompt_end + user.max_new - 1, kv_free_);  // the last answer token is not issued
    if (request.cancelled_at) {
      user.cancelled = *request.cancelled_at + Cycles(placement.chip().host.latency_cycles);
      departures_.emplace_back(*user.cancelled, static_cast<std::uint32_t>(users_.size()));
    }
    users_.push_back(std::move(user));
  }
  std::ranges::sort(departures_);
}

void Sequencer::prompt_arrived(std::uint32_t user, Cycles at) { news_.push_back({at, News::Kind::Arrival, user}); }
void Sequencer::stage_free(Cycles at) { news_.push_back({at, News::Kind::StageFree, 0}); }

bool Sequencer::commit(std::uint32_t index, bool with_logits, std::optional<base::TokenId> successor, Cycles at) {
  User& user = users_[index];
  --user.in_flight;
  const bool last_of_gone = user.cancelled && *user.cancelled <= at && user.in_flight == 0;
  if (!with_logits) {
    if (!last_of_gone) return false;
    decided(user, Finish::Cancelled, at);
    news_.push_back({at, News::Kind::Finished, index});
    return false;
  }
  UserOutcome& outcome = user.outcome;
  if (outcome.answer_tokens == 0) outcome.first_answer = at;
  outcome.last_answer = at;
  ++outcome.answer_tokens;
  if (successor) outcome.answer.push_back(*successor);
  std::optional<Finish> finish;
  if (successor && std::ranges::find(*user.end_tokens, *successor) != user.end_tokens->end()) {
    finish = Finish::EndOfText;
  } else if (outcome.answer_tokens == user.max_new) {
    finish = Finish::MaxTokens;
  } else if (user.next == user.reserved) {
    finish = Finish::KvFull;
  } else if (last_of_gone) {
    finish = Finish::Cancelled;
  }
  if (finish) decided(user, *finish, at);
  news_.push_back({at, finish ? News::Kind::Finished : News::Kind::Done, index});
  return true;
}

void Sequencer::decided(User& user, Finish finish, Cycles at) {
  user.outcome.finish = finish;
  user.outcome.ended = at;
  user.decided = true;
  --unfinished_;
}

void Sequencer::release(User& user) {
  slots_[*user.slot].reset();
  user.slot.reset();
  kv_free_ += user.reserved;
  kv_used_ -= user.reserved;
  --active_;
}

void Sequencer::leave(std::uint32_t index, Cycles at) {
  User& user = users_[index];
  if (user.decided || user.in_flight > 0) return;
  decided(user, Finish::Cancelled, at);
  if (user.slot) return release(user);
  std::erase(waiting_, index);
}

void Sequencer::apply(const News& news) {
  User& user = users_[news.user];
  switch (news.kind) {
    case News::Kind::StageFree:
      stage_free_ = true;
      break;
    case News::Kind::Arrival:
      if (user.decided) break;
      if (user.arrived++ == user.cached_prefix) {
        user.outcome.prompt_arrival = news.at;
        waiting_.push_back(news.user);
      }
      break;
    case News::Kind::Done:
      user.successor_known = true;
      break;
    case News::Kind::Finished:
      release(user);
      break;
    case News::Kind::Cancelled:
      leave(news.user, news.at);
      break;
  }
}

// First come, first served: a request that does not fit holds up those after it, or is refused.
void Sequencer::admit(Cycles cycle) {
  while (!waiting_.empty()) {
    User& user = users_[waiting_.front()];
    if (user.reserved > kv_free_) {
      if (when_full_ == config::WhenFull::Queue) return;
      decided(user, Finish::Refused, cycle);
      waiting_.pop_front();
      continue;
    }
    auto slot = std::ranges::find_if(slots_, [](const auto& taken) { return !taken.has_value(); });
    if (slot == slots_.end()) {
      if (slots_.size() == config_.slots) return;
      slot = slots_.emplace(slots_.end());
    }
    *slot = waiting_.front();
    user.slot = static_cast<std::size_t>(slot - slots_.begin());
    user.outcome.admitted = cycle;
    kv_free_ -= user.reserved;
    kv_used_ += user.reserved;
    most_kv_tokens_ = std::max(most_kv_tokens_, kv_used_);
    most_users_ = std::max(most_users_, ++active_);
    admitted_.emplace_back(waiting_.front(), *user.slot);
    waiting_.pop_front();
  }
}

bool Sequencer::ready(const User& user, Cycles cycle) const {
  if (user.cancelled && *user.cancelled <= cycle) return false;
  if (user.next >= user.reserved) return false;
  return user.next < user.prompt_end ? user.next < user.arrived : user.successor_known;
}

/// The slot whose token goes next: in turn after the one served last, among those that the policy prefers.
std::optional<std::size_t> Sequencer::choose(Cycles cycle) const {
  std::optional<std::size_t> otherwise;
  for (std::size_t step = 0; step < slots_.size(); ++step) {
    const std::size_t slot = (next_slot_ + step) % slots_.size();
    if (!slots_[slot] || !ready(users_[*slots_[slot]], cycle)) continue;
    const bool decodes = users_[*slots_[slot]].next >= users_[*slots_[slot]].prompt_end;
    if (config_.arbitration == Arbitration::RoundRobin || decodes == (config_.arbitration == Arbitration::DecodeFirst))
      return slot;
    if (!otherwise) otherwise = slot;
  }
  return otherwise;
}

std::optional<Sequencer::Token> Sequencer::decide(Cycles cycle) {
  for (; departed_ < departures_.size() && departures_[departed_].first <= cycle; ++departed_)
    news_.push_back({departures_[departed_].first, News::Kind::Cancelled, departures_[departed_].second});
  const auto later = std::stable_partition(news_.begin(), news_.end(), [&](const News& n) { return n.at <= cycle; });
  // In one cycle: by kind, then by user, so that the order of reports does not matter.
  std::sort(news_.begin(), later, [](const News& a, const News& b) {
    return std::tuple(a.at, a.kind, a.user) < std::tuple(b.at, b.kind, b.user);
  });
  std::for_each(news_.begin(), later, [&](const News& n) { apply(n); });
  news_.erase(news_.begin(), later);
  admit(cycle);
  if (!stage_free_) return std::nullopt;
  const auto slot = choose(cycle);
  if (!slot) return std::nullopt;
  User& user = users_[*slots_[*slot]];
  const Token token{*slots_[*slot], *slot, base::TokenPos{static_cast<std::uint32_t>(user.next)},
                    user.next < user.prompt_end, user.next + 1 >= user.prompt_end};
  ++user.next;
  ++user.in_flight;
  user.successor_known = false;
  next_slot_ = *slot + 1;
  stage_free_ = false;
  return token;
}

}  // namespace kiln::chip
