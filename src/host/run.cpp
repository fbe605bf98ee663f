#include "host/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>

#include "base/random.hpp"

namespace kiln::host {
namespace {

Speed speed_of(const chip::RunOutcome& run, std::uint32_t clock_mhz) {
  const double cycles_per_s = clock_mhz * 1e6;
  Speed speed;
  double waits = 0, rates = 0, paces = 0;
  std::size_t answered = 0, paced = 0;
  for (const auto& user : run.users) {
    if (user.answer_tokens == 0) continue;
    ++answered;
    waits += static_cast<double>((user.first_answer - user.prompt_arrival).count());
    if (user.answer_tokens == 1) continue;
    ++paced;
    const auto pace = static_cast<double>((user.last_answer - user.first_answer).count()) /
                      static_cast<double>(user.answer_tokens - 1);
    paces += pace;
    rates += cycles_per_s / pace;
  }
  if (run.total.count() == 0) return speed;  // everybody left before anything happened
  speed.tokens_per_s_total =
      static_cast<double>(answer_tokens(run)) * cycles_per_s / static_cast<double>(run.total.count());
  if (answered > 0) speed.ttft_us = waits / static_cast<double>(answered) / clock_mhz;
  if (paced > 0) {
    speed.cycles_per_token = paces / static_cast<double>(paced);
    speed.tokens_per_s_user = rates / static_cast<double>(paced);
  }
  return speed;
}

/// Tokens of the first user with logits: the last of the prompt and all of the answer that went through the chip.
std::vector<ContextPoint> sample_contexts(const chip::RunOutcome& run, std::uint64_t prompt_end) {
  constexpr std::size_t kIntervals = 64;
  std::vector<chip::TokenTiming> tokens;
  std::ranges::copy_if(run.tokens, std::back_inserter(tokens), [&](const chip::TokenTiming& token) {
    return token.user == 0 && token.position.value + 1 >= prompt_end;
  });
  std::vector<ContextPoint> points;
  for (std::size_t i = 0; i <= kIntervals && !tokens.empty(); ++i) {
    const auto& token = tokens[(tokens.size() - 1) * i / kIntervals];
    const std::uint64_t context = std::uint64_t{token.position.value} + 1;
    if (points.empty() || points.back().context != context) points.push_back({context, token.commit - token.issue});
  }
  return points;
}

void name_busiest_stage(RunResult& result) {
  const auto& stages = result.chip.by_stage;
  if (stages.size() == 1 || result.chip.total.count() == 0) return;
  const auto busiest = std::ranges::max_element(stages, {}, &chip::StageCycles::occupied);
  result.busiest_stage = static_cast<std::uint32_t>(busiest - stages.begin());
  result.busiest_share =
      static_cast<double>(busiest->occupied.count()) / static_cast<double>(result.chip.total.count());
}

void name_limit(RunResult& result) {
  name_busiest_stage(result);
  std::array<base::Cycles, program::kUnits> share_of = result.chip.critical_path;
  base::Cycles whole;
  if (result.busiest_share >= kFullStage) {
    share_of = {};
    for (const auto& unit : result.chip.by_unit) {
      if (unit.stage == result.busiest_stage)
        share_of[static_cast<std::size_t>(unit.unit)] =
            unit.by_category[static_cast<std::size_t>(chip::CycleCategory::Compute)];
    }
    whole = result.chip.by_stage[*result.busiest_stage].occupied;
  } else {
    for (const base::Cycles part : share_of) whole += part;
  }
  const auto longest = std::ranges::max_element(share_of);
  if (longest->count() == 0) return;
  result.limited_by = static_cast<program::Unit>(longest - share_of.begin());
  result.limited_share = static_cast<double>(longest->count()) / static_cast<double>(whole.count());
}

}  // namespace

std::uint64_t answer_tokens(const chip::RunOutcome& run) {
  std::uint64_t tokens = 0;
  for (const auto& user : run.users) tokens += user.answer_tokens;
  return tokens;
}

std::optional<std::string> difference(const chip::RunOutcome& simulated, const closed_form::RunCycles& expected) {
  const auto differs = [](std::string_view what, base::Cycles a, base::Cycles b) -> std::optional<std::string> {
    if (a == b) return std::nullopt;
    return fmt::format("the simulated chip and the closed form differ in {}: {} and {} cycles", what, a.count(),
                       b.count());
  };
  const chip::UserOutcome& user = simulated.users.front();
  if (auto d = differs("the prompt's arrival", user.prompt_arrival, expected.prompt_arrival)) return d;
  if (auto d = differs("the first answer token", user.first_answer, expected.first_answer)) return d;
  if (auto d = differs("the last answer token", user.last_answer, expected.last_answer)) return d;
  if (auto d = differs("the whole run", simulated.total, expected.total)) return d;
  for (std::size_t i = 0; i < program::kUnits; ++i) {
    const auto unit = fmt::format("the critical path through {}", name(static_cast<program::Unit>(i)));
    if (auto d = differs(unit, simulated.critical_path[i], expected.critical_path[i])) return d;
  }
  return std::nullopt;
}

std::optional<std::string> difference(const program::Activity& simulated, const closed_form::RunCounts& expected) {
  for (const auto& counter : program::kActivityCounters) {
    const std::uint64_t counted = simulated.*counter.value, wanted = expected.activity.*counter.value;
    if (counted != wanted && !closed_form::of_a_tile_kind(counter))
      return fmt::format("the simulated chip and the closed form differ in {}: {} and {} {}", counter.name, counted,
                         wanted, counter.unit);
  }
  return std::nullopt;
}

std::vector<base::TokenId> seeded_prompt(std::uint64_t count, std::uint32_t vocab_size, std::uint64_t seed) {
  base::Random random(seed);
  std::vector<base::TokenId> ids(count);
  for (auto& id : ids) id = static_cast<base::TokenId>(random.below(vocab_size));
  return ids;
}

std::vector<closed_form::Job> jobs_of(const chip::RunRequest& request, const chip::RunOutcome& outcome) {
  std::vector<closed_form::Job> jobs;
  for (std::size_t u = 0; u < request.users.size(); ++u) {
    const chip::UserRequest& user = request.users[u];
    const bool stopped = outcome.users[u].finish == chip::Finish::Interrupted;
    // A user who left would have gone on: the timeline finds on its own after how many tokens that was.
    const bool left = outcome.users[u].finish == chip::Finish::Cancelled;
    const std::uint64_t answer = left ? user.max_new_tokens : outcome.users[u].answer_tokens + (stopped ? 1 : 0);
    jobs.push_back({user.arrival, user.prompt.size(), user.max_new_tokens, answer, user.sampling.greedy(),
                    user.cached_prefix, user.cancelled_at});
  }
  return jobs;
}

namespace {

bool same(const chip::TokenTiming& a, const closed_form::TokenTime& b) {
  return a.user == b.user && a.position.value == b.position && a.issue == b.issue && a.commit == b.commit;
}

std::string differ(std::size_t index, const chip::TokenTiming& a, const closed_form::TokenTime& b) {
  return fmt::format(
      "the simulated chip and the timeline differ in token {}: user {} position {} from cycle {} to {}, and user {} "
      "position {} from {} to {}",
      index, a.user, a.position.value, a.issue.count(), a.commit.count(), b.user, b.position, b.issue.count(),
      b.commit.count());
}

}  // namespace

namespace {

/// Compares tokens with those of the timeline, which come one by one in the order of their issues.
class TokenCheck {
 public:
  TokenCheck(const std::deque<chip::TokenTiming>& tokens, bool whole)
      : tokens_(tokens), whole_(whole), order_(tokens.size()) {
    base::check(tokens.size() <= UINT32_MAX, "a run of more than 4,294,967,295 tokens");
    std::iota(order_.begin(), order_.end(), 0U);
    std::ranges::sort(order_, {}, [&](std::uint32_t token) { return tokens[token].issue; });
  }
  void expect(const closed_form::TokenTime& token) {
    ++expected_;
    if (mismatch_ || next_ == order_.size()) return;
    const chip::TokenTiming& simulated = tokens_[order_[next_]];
    if (!whole_ && token.issue < simulated.issue) return;  // it was still in flight
    if (!same(simulated, token)) mismatch_ = differ(next_, simulated, token);
    ++next_;
  }
  [[nodiscard]] std::optional<std::string> finish() const {
    if (whole_ && expected_ != order_.size())
      return fmt::format("{} tokens went through the simulated chip, {} in the timeline", order_.size(), expected_);
    if (mismatch_ || next_ == order_.size()) return mismatch_;
    return fmt::format("the timeline ends before token {} of the simulated chip", next_);
  }

 private:
  const std::deque<chip::TokenTiming>& tokens_;
  bool whole_;
  std::vector<std::uint32_t> order_;  ///< by issue
  std::size_t next_ = 0, expected_ = 0;
  std::optional<std::string> mismatch_;
};

}  // namespace

TimelineAnswer compare_with_timeline(const program::Placement& placement, const std::vector<closed_form::Job>& jobs,
                                     const chip::RunOutcome& simulated, bool whole) {
  TokenCheck check(simulated.tokens, whole);
  const auto timeline = closed_form::timeline(placement, jobs, [&](const auto& token) { check.expect(token); });
  TimelineAnswer answer{timeline.total, check.finish()};
  if (whole && !answer.mismatch && simulated.total != timeline.total)
    answer.mismatch = fmt::format("the simulated chip and the timeline differ in the whole run: {} and {} cycles",
                                  simulated.total.count(), timeline.total.count());
  return answer;
}

namespace {

void compare(const program::Placement& placement, const chip::RunRequest& request, RunResult& result) {
  const auto& users = request.users;
  const bool free = request.stall_seed == 0;  // the formulas know no random stalls
  const bool alone = users.size() == 1 && users[0].arrival.count() == 0 && users[0].sampling.greedy() &&
                     !users[0].cancelled_at && result.chip.users[0].answer_tokens > 0;
  if (alone && free)
    result.mismatch = difference(result.chip.activity,
                                 closed_form::run_counts(placement, users[0].prompt.size(),
                                                         result.chip.users[0].answer_tokens, users[0].cached_prefix));
  if (result.mismatch) return;
  if (alone && placement.dataflow().stages().size() == 1) {
    result.closed_form = closed_form::run_cycles(placement, users[0].prompt.size(), result.chip.users[0].answer_tokens,
                                                 users[0].cached_prefix);
    result.expected_total = result.closed_form->total;
    if (free) result.mismatch = difference(result.chip, *result.closed_form);
    return;
  }
  auto answer = compare_with_timeline(placement, jobs_of(request, result.chip), result.chip, true);
  result.expected_total = answer.total;
  if (free) result.mismatch = std::move(answer.mismatch);
}

}  // namespace

base::Result<RunResult> run(const program::Placement& placement, const chip::RunRequest& request, OnStop on_stop) {
  auto outcome = chip::run(placement, request);
  if (!outcome) return outcome.error();
  RunResult result;
  result.chip = *std::move(outcome);
  result.interrupted =
      std::ranges::any_of(result.chip.users, [](const auto& u) { return u.finish == chip::Finish::Interrupted; });
  if (result.interrupted) {
    if (on_stop == OnStop::Fail) return base::Error{"interrupted"};
    if (request.stall_seed == 0)
      result.mismatch = compare_with_timeline(placement, jobs_of(request, result.chip), result.chip, false).mismatch;
    return result;
  }
  compare(placement, request, result);
  result.speed = speed_of(result.chip, placement.chip().clock_mhz);
  result.by_context = sample_contexts(result.chip, request.users[0].cached_prefix + request.users[0].prompt.size());
  name_limit(result);
  return result;
}

}  // namespace kiln::host
