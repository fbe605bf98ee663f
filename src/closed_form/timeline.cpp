#include "closed_form/timeline.hpp"

#include <algorithm>
#include <deque>
#include <numeric>
#include <optional>
#include <queue>

#include "closed_form/context_cost.hpp"
#include "closed_form/token_path.hpp"

namespace kiln::closed_form {
namespace {

/// One token's path through the stages, after those before it.
class Pipeline {
 public:
  Pipeline(const program::Placement& placement, std::uint64_t longest)
      : placement_(placement),
        stages_(placement.dataflow().stages()),
        terms_(stage_terms(placement)),
        context_(placement, longest),
        leave_(stages_.size(), 0) {}

  /// From when on the next token can be issued.
  [[nodiscard]] std::uint64_t open() const { return open_; }

  /// Issues a token; returns when it commits.
  std::uint64_t pass(std::uint64_t issue, std::uint64_t position, bool with_logits, bool greedy) {
    const std::uint64_t layer = terms_.layer + narrow(context_.at(position + 1).total());
    std::uint64_t residual = issue + terms_.enter;  // it is complete in the stage
    for (std::size_t s = 0;; ++s) {
      residual += stages_[s].layers * layer;
      const bool last = s + 1 == stages_.size();
      if (last || (!with_logits && s == placement_.dataflow().last_layer_stage())) {
        const std::uint64_t result = residual + (with_logits ? terms_.head + (greedy ? 0 : terms_.draw) : 0);
        const std::uint64_t commit = result + (with_logits ? terms_.head_home : terms_.plain_home);
        free(s, stages_.size() == 1 ? commit : result);
        return commit;
      }
      const auto& over = stages_[s].chip == stages_[s + 1].chip ? terms_.on_chip : terms_.between_chips;
      const std::uint64_t send = std::max(residual, leave_[s + 1]);
      free(s, send + over.sending);
      residual = send + over.sending + over.wire + over.store;
    }
  }

 private:
  /// The stage can be sent to again one link latency after its token has left.
  void free(std::size_t stage, std::uint64_t at) {
    if (stages_.size() == 1) {
      open_ = at;
    } else if (stage == 0) {
      open_ = at + placement_.chip().link[config::Link::VectorToSequencer];
    } else {
      const bool same_chip = stages_[stage - 1].chip == stages_[stage].chip;
      leave_[stage] = at + (same_chip ? terms_.on_chip : terms_.between_chips).wire;
    }
  }

  const program::Placement& placement_;
  const std::vector<program::Stage>& stages_;
  StageTerms terms_;
  ContextCost context_;
  std::uint64_t open_ = 0;
  std::vector<std::uint64_t> leave_;  ///< from when on a stage may be sent to
};

/// Positions that a job may take in the KV cache.
std::uint64_t places(const Job& job) { return job.cached_prefix + job.prompt_tokens + job.max_new_tokens - 1; }

constexpr std::uint64_t kNever = UINT64_MAX;

struct User {
  Job job;
  std::uint64_t first_id = 0;  ///< arrival of its first prompt id at the sequencer
  std::uint64_t reserved = 0;
  std::uint64_t next = 0;        ///< position
  std::uint64_t decoded_at = 0;  ///< commit of the answer token before
  std::optional<std::size_t> slot;
  std::uint64_t admitted = 0;
  std::uint64_t answers = 0;
  std::uint64_t cancelled = kNever;  ///< the chip knows from then on that the user has gone
  std::uint64_t last_commit = 0;     ///< of its tokens so far
  bool over = false;                 ///< it is known when its slot is free again, or that it needs none
};

class Players {
 public:
  Players(const program::Placement& placement, const std::vector<Job>& jobs)
      : chip_(placement.chip()), kv_(placement.kv().capacity_tokens) {
    for (const Job& job : jobs) {
      User user;
      user.job = job;
      user.reserved = std::min(places(job), kv_);
      user.next = job.cached_prefix;
      if (job.cancelled_at) {
        user.cancelled = job.cancelled_at->count() + chip_.host.latency_cycles;
        cancellations_.emplace_back(user.cancelled, static_cast<std::uint32_t>(users_.size()));
      }
      users_.push_back(user);
    }
    std::sort(cancellations_.begin(), cancellations_.end());
    order_.resize(jobs.size());
    std::iota(order_.begin(), order_.end(), 0U);
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return jobs[a].arrival < jobs[b].arrival; });
    std::uint64_t wire = 0;
    for (const std::uint32_t u : order_) {
      const std::uint64_t start = std::max(wire, jobs[u].arrival.count());
      users_[u].first_id = start + chip_.host.latency_cycles;
      wire = start + jobs[u].prompt_tokens * chip_.host.cycles_per_token;
    }
  }

  /// The next token to enter, not before `open`; nothing when all is done.
  struct NextToken {
    std::uint32_t user;
    std::uint64_t at;
  };
  std::optional<NextToken> next(std::uint64_t open, std::vector<std::uint32_t>& refused) {
    while (true) {
      std::optional<std::uint64_t> soonest;
      for (const auto& slot : slots_) {
        if (!slot || users_[*slot].next == users_[*slot].reserved) continue;
        const std::uint64_t at = std::max(open, ready_at(users_[*slot]));
        if (at >= users_[*slot].cancelled) continue;
        soonest = std::min(soonest.value_or(at), at);
      }
      // Arrivals and departures up to then may change who is admitted.
      if (const auto change = next_change(); change && (!soonest || *change <= *soonest)) {
        apply(*change, refused);
        continue;
      }
      if (!soonest) return std::nullopt;
      return NextToken{choose(*soonest), *soonest};
    }
  }

  User& user(std::uint32_t index) { return users_[index]; }
  void leaves_slot(std::uint32_t index, std::uint64_t at) {
    users_[index].over = true;
    leaving_slots_.emplace_back(at, index);
  }

 private:
  [[nodiscard]] static bool in_prompt(const User& user) {
    return user.next < user.job.cached_prefix + user.job.prompt_tokens;
  }
  [[nodiscard]] std::uint64_t ready_at(const User& user) const {
    if (!in_prompt(user)) return std::max(user.admitted, user.decoded_at);
    return std::max(user.admitted, user.first_id + (user.next - user.job.cached_prefix) * chip_.host.cycles_per_token);
  }
  [[nodiscard]] std::optional<std::uint64_t> next_change() const {
    std::optional<std::uint64_t> next;
    if (arrived_ < order_.size()) next = users_[order_[arrived_]].first_id;
    for (const auto& [at, who] : leaving_slots_) next = std::min(next.value_or(at), at);
    if (cancellations_done_ < cancellations_.size())
      next = std::min(next.value_or(kNever), cancellations_[cancellations_done_].first);
    return next;
  }
  /// Users who go at `now`: out of the queue, or out of their slot when the last of their tokens has committed.
  void cancel(std::uint64_t now) {
    for (; cancellations_done_ < cancellations_.size() && cancellations_[cancellations_done_].first == now;
         ++cancellations_done_) {
      const std::uint32_t index = cancellations_[cancellations_done_].second;
      User& user = users_[index];
      if (user.over) continue;
      if (user.slot) {
        leaves_slot(index, std::max(now, user.last_commit));
      } else {
        user.over = true;
        std::erase(queue_, index);
      }
    }
  }
  void apply(std::uint64_t now, std::vector<std::uint32_t>& refused) {
    while (arrived_ < order_.size() && users_[order_[arrived_]].first_id == now) {
      if (!users_[order_[arrived_]].over) queue_.push_back(order_[arrived_]);
      ++arrived_;
    }
    cancel(now);
    std::erase_if(leaving_slots_, [&](const auto& leaving) {
      if (leaving.first != now) return false;
      User& user = users_[leaving.second];
      kv_ += user.reserved;
      slots_[*user.slot].reset();
      return true;
    });
    while (!queue_.empty()) {
      User& user = users_[queue_.front()];
      if (user.reserved > kv_) {
        if (chip_.kv.when_full == config::WhenFull::Queue) return;
        user.over = true;
        refused.push_back(queue_.front());
      } else {
        auto slot = std::find(slots_.begin(), slots_.end(), std::optional<std::uint32_t>());
        if (slot == slots_.end() && slots_.size() == chip_.sequencer.slots) return;
        if (slot == slots_.end()) slot = slots_.insert(slot, std::nullopt);
        *slot = queue_.front();
        user.slot = static_cast<std::size_t>(slot - slots_.begin());
        user.admitted = now;
        kv_ -= user.reserved;
      }
      queue_.pop_front();
    }
  }
  std::uint32_t choose(std::uint64_t now) {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      const std::size_t s = (turn_ + i) % slots_.size();
      if (!slots_[s] || users_[*slots_[s]].next == users_[*slots_[s]].reserved || ready_at(users_[*slots_[s]]) > now ||
          users_[*slots_[s]].cancelled <= now)
        continue;
      const bool prompt = in_prompt(users_[*slots_[s]]);
      const bool first = chip_.sequencer.arbitration == config::Arbitration::RoundRobin ||
                         prompt == (chip_.sequencer.arbitration == config::Arbitration::PrefillFirst);
      if (!found || first) found = s;
      if (first) break;
    }
    turn_ = *found + 1;
    return *slots_[*found];
  }

  const config::ChipConfig& chip_;
  std::uint64_t kv_;
  std::vector<User> users_;
  std::vector<std::uint32_t> order_;
  std::size_t arrived_ = 0;
  std::deque<std::uint32_t> queue_;
  std::vector<std::optional<std::uint32_t>> slots_;  ///< as many as were ever taken at a time
  std::size_t turn_ = 0;                             ///< the slot whose turn it is
  std::vector<std::pair<std::uint64_t, std::uint32_t>> leaving_slots_;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> cancellations_;  ///< users who go of themselves, by time
  std::size_t cancellations_done_ = 0;
};

/// The host's end of the answers: when it has the last id. They leave in the order of their commits.
class Answers {
 public:
  explicit Answers(const config::HostConfig& host) : host_(host) {}
  void add(std::uint64_t commit) { commits_.push(commit); }
  /// No answer commits before `until` but those that were added.
  void send(std::uint64_t until) {
    for (; !commits_.empty() && commits_.top() <= until; commits_.pop()) {
      leave_ = any_ ? std::max(commits_.top(), leave_ + host_.cycles_per_token) : commits_.top();
      any_ = true;
    }
  }
  /// 0 without any.
  [[nodiscard]] std::uint64_t received() {
    send(kNever);
    return any_ ? leave_ + host_.latency_cycles : 0;
  }

 private:
  const config::HostConfig& host_;
  std::priority_queue<std::uint64_t, std::vector<std::uint64_t>, std::greater<>> commits_;  ///< that have not left
  std::uint64_t leave_ = 0;
  bool any_ = false;
};

}  // namespace

Timeline timeline(const program::Placement& placement, const std::vector<Job>& jobs,
                  const std::function<void(const TokenTime&)>& on_token) {
  std::uint64_t longest = 1;
  for (const Job& job : jobs) longest = std::max(longest, places(job));
  Pipeline pipeline(placement, std::min(longest, placement.kv().capacity_tokens));
  Players players(placement, jobs);
  Timeline result;
  Answers answers(placement.chip().host);
  while (const auto next = players.next(pipeline.open(), result.refused)) {
    User& user = players.user(next->user);
    const std::uint64_t position = user.next++;
    const bool with_logits = user.next >= user.job.cached_prefix + user.job.prompt_tokens;
    const std::uint64_t commit = pipeline.pass(next->at, position, with_logits, user.job.greedy);
    answers.send(next->at);
    on_token({next->user, position, base::Cycles(next->at), base::Cycles(commit)});
    result.total = std::max(result.total, base::Cycles(commit));
    user.last_commit = std::max(user.last_commit, commit);
    if (!with_logits) continue;
    answers.add(commit);
    user.decoded_at = commit;
    if (++user.answers < user.job.answer_tokens) continue;
    user.decoded_at = kNever;  // no token of it is ready any more
    players.leaves_slot(next->user, commit);
  }
  result.total = std::max(result.total, base::Cycles(answers.received()));
  return result;
}

Timeline timeline(const program::Placement& placement, const std::vector<Job>& jobs) {
  std::vector<TokenTime> tokens;
  Timeline result = timeline(placement, jobs, [&](const TokenTime& token) { tokens.push_back(token); });
  result.tokens = std::move(tokens);
  return result;
}

}  // namespace kiln::closed_form
