#include "evaluate/scores.hpp"

#include <algorithm>
#include <utility>

#include "base/exact_math.hpp"

namespace kiln::evaluate {
namespace {

constexpr std::size_t kPositions = 64;  // whose logits are kept until they are scored side by side

/// ln of the sum of e^logit; the largest is taken out first, so nothing overflows.
double log_sum_exp(std::span<const float> logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += base::exact_exp(logit - largest);
  return largest + base::exact_log(sum);
}

std::size_t top1(std::span<const float> logits) {
  return static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

double divergence(std::span<const float> expected, double expected_log_sum, std::span<const float> chip,
                  double chip_log_sum) {
  double kl = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double log_p = expected[i] - expected_log_sum;
    if (log_p > -60.0)
      kl += base::exact_exp(log_p) * (log_p - (chip[i] - chip_log_sum));  // e^-60: nothing at double precision
  }
  return std::max(kl, 0.0);
}

}  // namespace

void Scores::Batch::add(std::span<const float> values, base::TokenId token) {
  if (logits.size() == next.size()) logits.emplace_back();
  logits[next.size()].assign(values.begin(), values.end());
  next.push_back(token);
}

template <class Body>
void Scores::for_each(std::size_t count, const Body& body) {
  if (pool_ != nullptr) {
    pool_->parallel_for(count, body);
  } else {
    for (std::size_t i = 0; i < count; ++i) body(i);
  }
}

void Scores::add_reference(std::span<const float> logits, base::TokenId next) {
  reference_.add(logits, next);
  if (!compare_ && reference_.size() == kPositions) score_reference();
}

void Scores::add_chip(std::span<const float> logits, base::TokenId next) {
  chip_.add(logits, next);
  if (chip_.size() == kPositions) score_chip();
}

void Scores::end_reference() { score_reference(); }

void Scores::end_chip() {
  score_chip();
  reference_.next.clear();
  compared_ = 0;
}

void Scores::end_chunk() {
  const auto count = static_cast<double>(sums_.scored - std::exchange(before_, sums_.scored));
  sums_.chunks.push_back({chunk_.reference_nll / count, chunk_.chip_nll / count});
  chunk_ = {};
}

void Scores::score_reference() {
  reference_log_sums_.resize(reference_.size());
  for_each(reference_.size(), [&](std::size_t i) { reference_log_sums_[i] = log_sum_exp(reference_.logits[i]); });
  for (std::size_t i = 0; i < reference_.size(); ++i) {
    const double nll = reference_log_sums_[i] - reference_.logits[i][reference_.next[i]];
    sums_.reference_nll += nll;
    chunk_.reference_nll += nll;
  }
  if (compare_) return;
  sums_.scored += reference_.size();
  reference_.next.clear();
}

void Scores::score_chip() {
  struct Score {
    double nll = 0, kl = 0;
    bool same_top1 = false;
  };
  std::vector<Score> scores(chip_.size());
  for_each(chip_.size(), [&](std::size_t i) {
    const std::span<const float> logits = chip_.logits[i];
    const double log_sum = log_sum_exp(logits);
    scores[i].nll = log_sum - logits[chip_.next[i]];
    if (!compare_) return;
    const std::span<const float> expected = reference_.logits[compared_ + i];
    scores[i].kl = divergence(expected, reference_log_sums_[compared_ + i], logits, log_sum);
    scores[i].same_top1 = top1(expected) == top1(logits);
  });
  for (const Score& score : scores) {
    sums_.chip_nll += score.nll;
    chunk_.chip_nll += score.nll;
    if (compare_) sums_.kls.push_back(score.kl);
    sums_.kl += score.kl;
    sums_.max_kl = std::max(sums_.max_kl, score.kl);
    sums_.same_top1 += score.same_top1 ? 1 : 0;
  }
  sums_.scored += scores.size();
  compared_ += scores.size();
  chip_.next.clear();
}

}  // namespace kiln::evaluate
