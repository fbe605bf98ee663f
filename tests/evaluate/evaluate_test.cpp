// The perplexity protocol on predictors whose distributions are known.
#include "evaluate/evaluate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "base/exact_math.hpp"
#include "base/random.hpp"
#include "evaluate/interval.hpp"

namespace kiln::evaluate {
namespace {

/// Gives the next id (of the text it was given, shifted by `error`) a logit of `sharpness`, all others 0.
class Oracle final : public Predictor {
 public:
  Oracle(std::uint32_t vocab, float sharpness) : vocab_(vocab), sharpness_(sharpness) {}
  [[nodiscard]] std::uint32_t vocab_size() const override { return vocab_; }
  void predict(std::span<const base::TokenId> ids, const LogitSink& sink, const std::stop_token& /*stop*/) override {
    seen.insert(seen.end(), ids.begin(), ids.end());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      std::vector<float> logits(vocab_, 0.0F);
      if (i + 1 < ids.size()) logits[ids[i + 1]] = sharpness_;
      sink(i, logits);
    }
  }
  std::vector<base::TokenId> seen;

 private:
  std::uint32_t vocab_;
  float sharpness_;
};

EvaluateRequest request(std::size_t tokens, std::uint64_t context) {
  EvaluateRequest r;
  for (std::size_t i = 0; i < tokens; ++i) r.ids.push_back(static_cast<base::TokenId>(i * 3 % 10));
  r.context = context;
  return r;
}

TEST(Evaluate, AUniformPredictorHasThePerplexityOfItsVocabulary) {
  Oracle oracle(10, 0.0F);
  const auto result = evaluate(request(64, 16), &oracle, nullptr);
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(result->reference->perplexity, 10.0, 1e-12);
  EXPECT_EQ(result->chunks, 4U);
  EXPECT_EQ(result->scored_tokens, 4U * 7U);  // N/2 - 1 a chunk
  EXPECT_FALSE(result->chip);
  EXPECT_FALSE(result->agreement);
}

TEST(Evaluate, ALogitThatIsNotFiniteIsRefusedInWords) {
  const float infinity = std::numeric_limits<float>::infinity(), no_number = std::numeric_limits<float>::quiet_NaN();
  Oracle fine(10, 1.0F);
  for (const float bad : {infinity, -infinity, no_number, -no_number}) {
    // The text begins with 0 3: after its first token, token 3 gets the logit.
    const std::string sentence = std::string(" gives token 3 a logit that is ") +
                                 (std::isnan(bad) ? "no number" : "infinite") +
                                 " after token 0 of the text; finite ones are expected";
    Oracle broken(10, bad);
    const auto reference = evaluate(request(32, 16), &broken, &fine);
    ASSERT_FALSE(reference.ok());
    EXPECT_EQ(reference.error().message, "the fp32 reference" + sentence);
    const auto chip = evaluate(request(32, 16), &fine, &broken);
    ASSERT_FALSE(chip.ok());
    EXPECT_EQ(chip.error().message, "the chip" + sentence);
  }
}

TEST(Evaluate, ComparesTwoPredictorsAtTheScoredPositions) {
  Oracle reference(10, 2.0F);
  Oracle chip(10, 1.0F);
  const auto result = evaluate(request(32, 16), &reference, &chip);
  ASSERT_TRUE(result.ok());
  const double zp = std::exp(2.0) + 9.0;
  const double zq = std::exp(1.0) + 9.0;
  EXPECT_NEAR(result->reference->mean_nll, std::log(zp) - 2.0, 1e-12);
  EXPECT_NEAR(result->chip->mean_nll, std::log(zq) - 1.0, 1e-12);
  const double p = std::exp(2.0) / zp;
  const double kl = p * (std::log(p) - (1.0 - std::log(zq))) + (1 - p) * (-std::log(zp) + std::log(zq));
  EXPECT_NEAR(result->agreement->mean_kl, kl, 1e-12);
  EXPECT_NEAR(result->agreement->max_kl, kl, 1e-12);
  EXPECT_EQ(result->agreement->top1, 1.0);
}

/// Logits that look like a model's, and are others for each predictor and position.
class Noise final : public Predictor {
 public:
  explicit Noise(std::uint64_t seed) : random_(seed) {}
  [[nodiscard]] std::uint32_t vocab_size() const override { return 300; }
  void predict(std::span<const base::TokenId> ids, const LogitSink& sink, const std::stop_token& /*stop*/) override {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      std::vector<float> logits(vocab_size());
      for (float& logit : logits) logit = static_cast<float>(20 * random_.unit());
      sink(i, logits);
      given.push_back(std::move(logits));
    }
  }
  std::vector<std::vector<float>> given;

 private:
  base::Random random_;
};

/// ln of the sum of e^logit, and KL(p || q), one position after the other in the order of the vocabulary.
double log_sum(const std::vector<float>& logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += base::exact_exp(logit - largest);
  return largest + base::exact_log(sum);
}
double kl(const std::vector<float>& p, const std::vector<float>& q) {
  const double p_sum = log_sum(p), q_sum = log_sum(q);
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double log_p = p[i] - p_sum;
    sum += base::exact_exp(log_p) * (log_p - (q[i] - q_sum));
  }
  return sum;
}

/// More scored positions in a chunk than are kept at a time; every bit of every figure.
TEST(Evaluate, FiguresAreThoseOfOnePositionAfterTheOther) {
  for (const std::size_t threads : {0U, 1U, 3U}) {
    std::optional<base::ThreadPool> pool;
    if (threads > 0) pool.emplace(threads);
    Noise reference(1), chip(2), alone(1);
    auto r = request(2 * 330, 330);
    r.pool = pool ? &*pool : nullptr;
    const auto result = evaluate(r, &reference, &chip);
    ASSERT_TRUE(result.ok());
    double reference_nll = 0, chip_nll = 0, sum = 0;
    std::vector<double> kls, differences(2);  // of each position; of each chunk
    for (std::size_t i = 0; i < r.ids.size(); ++i) {
      if (i % 330 < 165 || i % 330 == 329) continue;
      reference_nll += log_sum(reference.given[i]) - reference.given[i][r.ids[i + 1]];
      chip_nll += log_sum(chip.given[i]) - chip.given[i][r.ids[i + 1]];
      const double own = kl(reference.given[i], chip.given[i]);
      sum += own;
      kls.push_back(own);
      differences[i / 330] += (log_sum(chip.given[i]) - chip.given[i][r.ids[i + 1]] -
                               (log_sum(reference.given[i]) - reference.given[i][r.ids[i + 1]])) /
                              164;
    }
    std::ranges::sort(kls);
    EXPECT_EQ(result->scored_tokens, 328U);
    EXPECT_EQ(result->reference->mean_nll, reference_nll / 328);
    EXPECT_EQ(result->chip->mean_nll, chip_nll / 328);
    EXPECT_EQ(result->agreement->mean_kl, sum / 328);
    EXPECT_EQ(result->agreement->max_kl, kls.back());
    EXPECT_EQ(result->agreement->p99_kl, kls[324]);  // 325 of 328 are not above it, 324 would be fewer than 99 %
    // Of two values the mean's standard error is half their distance; t of one degree of freedom is 12.7062.
    const double mean = (differences[0] + differences[1]) / 2;
    const double half = 12.7062 * std::fabs(differences[0] - differences[1]) / 2;
    EXPECT_NEAR(std::log(result->agreement->ratio_interval->low), mean - half, 1e-9);
    EXPECT_NEAR(std::log(result->agreement->ratio_interval->high), mean + half, 1e-9);
    EXPECT_LT(result->chip->interval->low, result->chip->perplexity);
    EXPECT_GT(result->chip->interval->high, result->chip->perplexity);
    // Where nothing is compared, the reference's logits are not kept.
    const auto without = evaluate(r, &alone, nullptr);
    EXPECT_EQ(without->reference->mean_nll, result->reference->mean_nll);
    EXPECT_EQ(without->scored_tokens, 328U);
  }
}

TEST(Evaluate, OneChunkHasNoSpread) {
  Oracle reference(10, 2.0F), chip(10, 1.0F);
  const auto result = evaluate(request(16, 16), &reference, &chip);
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(result->reference->interval);
  EXPECT_FALSE(result->agreement->ratio_interval);
}

TEST(Interval, QuantilesOfStudentsT) {
  // Any table of Student's t.
  for (const auto& [degrees, t] : std::initializer_list<std::pair<std::size_t, double>>{{1, 12.7062},
                                                                                        {4, 2.77645},
                                                                                        {5, 2.57058},
                                                                                        {6, 2.44691},
                                                                                        {10, 2.22814},
                                                                                        {30, 2.04227},
                                                                                        {59, 2.00100},
                                                                                        {1000, 1.96234}})
    EXPECT_NEAR(student_t(degrees), t, 1e-3 * t) << degrees;
}

TEST(Interval, ASpreadTooWideForADoubleHasEnds) {
  const double far[] = {0.0, 690.0};
  const auto interval = interval_of(far);
  ASSERT_TRUE(interval);
  EXPECT_GT(interval->low, 0);
  EXPECT_TRUE(std::isfinite(interval->high));
}

TEST(Evaluate, TheBosReplacesTheFirstIdOfEachChunk) {
  Oracle oracle(10, 1.0F);
  auto r = request(40, 16);
  r.bos = 9;
  r.chunks = 7;  // more than there are
  ASSERT_TRUE(evaluate(r, &oracle, nullptr).ok());
  ASSERT_EQ(oracle.seen.size(), 32U);
  EXPECT_EQ(oracle.seen[0], 9U);
  EXPECT_EQ(oracle.seen[16], 9U);
  EXPECT_EQ(oracle.seen[17], r.ids[17]);
}

TEST(Evaluate, HandsOutTheLogitsOfEveryPositionInOrder) {
  Oracle reference(10, 2.0F);
  Oracle chip(10, 1.0F);
  auto r = request(32, 16);
  std::vector<std::size_t> order;
  float largest = 0;
  r.on_logits = [&](std::size_t i, std::span<const float> logits) {
    order.push_back(i);
    largest = std::max(largest, *std::max_element(logits.begin(), logits.end()));
  };
  ASSERT_TRUE(evaluate(r, &reference, &chip).ok());
  ASSERT_EQ(order.size(), 32U);
  for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(order[i], i);
  EXPECT_EQ(largest, 1.0F);  // the chip's
}

/// Asks for a stop in the middle of its second text, and says whether it could have seen that.
class Stopping final : public Predictor {
 public:
  explicit Stopping(std::stop_source& source) : source_(source) {}
  [[nodiscard]] std::uint32_t vocab_size() const override { return 10; }
  void predict(std::span<const base::TokenId> ids, const LogitSink& sink, const std::stop_token& stop) override {
    const std::vector<float> logits(10, 0.0F);
    if (++texts == 2) source_.request_stop();
    for (std::size_t i = 0; i < ids.size() && !stop.stop_requested(); ++i) sink(i, logits);
    saw_it = stop.stop_requested();
  }
  int texts = 0;
  bool saw_it = false;

 private:
  std::stop_source& source_;
};

TEST(Evaluate, AStopEndsAPredictorInTheMiddleOfAText) {
  for (const bool chip : {false, true}) {
    std::stop_source source;
    base::Progress progress;
    progress.stop = source.get_token();
    Stopping predictor(source);
    Oracle other(10, 1.0F);
    const auto result = chip ? evaluate(request(64, 16), &other, &predictor, progress)
                             : evaluate(request(64, 16), &predictor, &other, progress);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().message, "interrupted");
    EXPECT_TRUE(predictor.saw_it);
    EXPECT_EQ(predictor.texts, 2);
    EXPECT_EQ(other.seen.size(), chip ? 32U : 16U);  // the reference goes first
  }
}

TEST(Evaluate, RefusesWhatItCannotScore) {
  Oracle ten(10, 0.0F);
  Oracle nine(9, 0.0F);
  EXPECT_EQ(evaluate(request(8, 16), &ten, nullptr).error().message,
            "the text has 8 tokens; one chunk of --context 16 needs as many (give a smaller --context)");
  EXPECT_FALSE(evaluate(request(32, 3), &ten, nullptr).ok());
  EXPECT_FALSE(evaluate(request(32, 16), &ten, &nine).ok());
  EXPECT_EQ(evaluate(request(32, 16), &nine, nullptr).error().message,
            "token 3 of the text is 9; ids below 9 are expected");
  auto none = request(32, 16);
  none.chunks = 0;
  EXPECT_FALSE(evaluate(none, &ten, nullptr).ok());
}

}  // namespace
}  // namespace kiln::evaluate
