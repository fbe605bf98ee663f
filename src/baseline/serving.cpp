#include "kiln/baseline/serving.hpp"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

namespace kiln::baseline {
namespace {

class Server {
 public:
  Server(const config::GpuSpec& gpu, const config::ModelConfig& model, const BaselineQuery& query,
         const BaselineFigure& empty, const std::vector<LoadRequest>& requests)
      : gpu_(gpu), model_(model), query_(query), requests_(requests) {
    const auto kv_bytes = static_cast<double>(kv_bytes_per_token(model));
    token_us_ = step(gpu, model, query, 1, 1, kv_bytes).kv * 1e3;
    const double room = gpu.memory_gb * 1e9 - static_cast<double>(empty.memory_bytes);
    capacity_ = room <= 0 ? 0 : static_cast<std::uint64_t>(room / kv_bytes);
    run_.requests.resize(requests.size());
  }

  ServingRun run() {
    while (next_ < requests_.size() || !finishing_.empty()) {
      const std::size_t fresh = next_;
      admit();
      if (finishing_.empty()) {
        if (next_ < requests_.size()) now_ = std::max(now_, requests_[next_].arrival_us);
        continue;
      }
      charge_prompts(fresh);
      for (std::size_t i = fresh; i < next_; ++i)
        if (!run_.requests[i].refused) run_.requests[i].first_us = now_ + duration(1);
      advance(steps_until_change());
    }
    run_.total_us = now_;
    return std::move(run_);
  }

 private:
  [[nodiscard]] static std::uint64_t tokens(const LoadRequest& request) {
    return request.prompt_tokens + request.answer_tokens;
  }
  /// Without keys and values.
  [[nodiscard]] double bare_us(double tokens) const {
    const auto sequences = static_cast<double>(finishing_.size());
    return step(gpu_, model_, query_, tokens, sequences, 0).total() * 1e3;
  }
  /// The next step has the prompts of those who joined after `fresh` in it; a sequence's first answer token comes from
  /// its prompt's last one; the other sequences add a token each.
  void charge_prompts(std::size_t fresh) {
    const auto sequences = static_cast<double>(finishing_.size());
    double tokens = sequences;
    for (std::size_t i = fresh; i < next_; ++i)
      if (!run_.requests[i].refused) tokens += static_cast<double>(requests_[i].prompt_tokens - 1);
    step_us_ = bare_us(sequences);
    prompts_us_ = bare_us(tokens) - step_us_;
  }
  /// Of the next `steps` steps: each sequence grows by a token a step.
  [[nodiscard]] double duration(std::uint64_t steps) const {
    const auto m = static_cast<double>(steps);
    const auto sequences = static_cast<double>(finishing_.size());
    return prompts_us_ + m * (step_us_ + token_us_ * static_cast<double>(context_)) +
           token_us_ * sequences * (m * (m - 1) / 2);
  }
  void admit() {
    for (; next_ < requests_.size() && requests_[next_].arrival_us <= now_; ++next_) {
      const LoadRequest& request = requests_[next_];
      if (tokens(request) > capacity_) {
        run_.requests[next_].refused = true;
        continue;
      }
      if (reserved_ + tokens(request) > capacity_) return;
      reserved_ += tokens(request);
      context_ += request.prompt_tokens;
      finishing_.emplace(step_ + request.answer_tokens, next_);
    }
    run_.most_in_batch = std::max<std::uint64_t>(run_.most_in_batch, finishing_.size());
  }
  /// Until the first sequence is done, or the next request can join.
  [[nodiscard]] std::uint64_t steps_until_change() const {
    std::uint64_t most = finishing_.top().first - step_;
    if (next_ == requests_.size() || requests_[next_].arrival_us <= now_) return most;
    const double wait = requests_[next_].arrival_us - now_;
    std::uint64_t least = 1;
    while (least < most) {
      const std::uint64_t middle = least + (most - least) / 2;
      if (duration(middle) >= wait) {
        most = middle;
      } else {
        least = middle + 1;
      }
    }
    return most;
  }
  void advance(std::uint64_t steps) {
    now_ += duration(steps);
    step_ += steps;
    context_ += finishing_.size() * steps;
    while (!finishing_.empty() && finishing_.top().first == step_) {
      const std::size_t done = finishing_.top().second;
      finishing_.pop();
      run_.requests[done].last_us = now_;
      reserved_ -= tokens(requests_[done]);
      context_ -= tokens(requests_[done]);
    }
  }

  const config::GpuSpec& gpu_;
  const config::ModelConfig& model_;
  const BaselineQuery& query_;
  const std::vector<LoadRequest>& requests_;
  double step_us_ = 0, token_us_ = 0;  ///< a step without a context, and what a token in it adds
  double prompts_us_ = 0;              ///< what prompts add to the next step
  std::uint64_t capacity_ = 0, reserved_ = 0, context_ = 0, step_ = 0;  ///< tokens; steps so far
  double now_ = 0;
  std::size_t next_ = 0;
  std::priority_queue<std::pair<std::uint64_t, std::size_t>, std::vector<std::pair<std::uint64_t, std::size_t>>,
                      std::greater<>>
      finishing_;  ///< by the step after which each is done
  ServingRun run_;
};

}  // namespace

base::Result<ServingRun> serve(const config::GpuSpec& gpu, const config::ModelConfig& model, Precision precision,
                               const std::vector<LoadRequest>& requests) {
  const BaselineQuery query{precision, 1, 0};
  const auto empty = estimate(gpu, model, query);
  if (!empty) return empty.error();
  base::check(std::ranges::is_sorted(requests, {}, &LoadRequest::arrival_us), "a load in order of arrival");
  return Server(gpu, model, query, *empty, requests).run();
}

}  // namespace kiln::baseline
