// A GPU under a load against the single-step formula, and against serving step by step.
#include "kiln/baseline/serving.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "baseline/shipped.hpp"

namespace kiln::baseline {
namespace {

config::ModelConfig llama() { return model("llama-3.1-8b"); }

double step_us(const config::GpuSpec& on, std::uint64_t batch, std::uint64_t context) {
  return estimate(on, llama(), {Precision::Bf16, batch, context}).value().step_ms * 1e3;
}

/// With the prompt's tokens, but one, in it.
double first_step_us(const config::GpuSpec& on, std::uint64_t prompt) {
  const BaselineQuery query{Precision::Bf16, 1, 0};
  return step(on, llama(), query, static_cast<double>(prompt), 1, 131072.0 * static_cast<double>(prompt)).total() * 1e3;
}

TEST(Serving, OneRequestTakesItsSteps) {
  const auto on = gpu("h100-sxm");
  const auto run = serve(on, llama(), Precision::Bf16, {{500, 1000, 3}}).value();
  EXPECT_NEAR(run.requests[0].first_us, 500 + first_step_us(on, 1000), 1e-6);
  EXPECT_NEAR(run.requests[0].last_us, run.requests[0].first_us + step_us(on, 1, 1001) + step_us(on, 1, 1002), 1e-6);
  EXPECT_EQ(run.total_us, run.requests[0].last_us);
  EXPECT_EQ(run.most_in_batch, 1U);
  // 1,000 tokens of 15 GFLOP at 58 % of 989 TFLOPS: some 26 ms.
  EXPECT_NEAR(first_step_us(on, 1000) - step_us(on, 1, 1000), 21500, 1500);
}

/// The same rules, one step after the other.
std::vector<Served> step_by_step(const config::GpuSpec& on, const std::vector<LoadRequest>& requests) {
  const auto empty = estimate(on, llama(), {Precision::Bf16, 1, 0}).value();
  const double room = (on.memory_gb * 1e9 - static_cast<double>(empty.memory_bytes)) / 131072;
  std::vector<Served> result(requests.size());
  std::vector<std::uint64_t> made(requests.size(), 0);
  std::vector<bool> in(requests.size(), false);
  double now = 0;
  for (std::size_t next = 0, done = 0; done < requests.size();) {
    double reserved = 0;
    for (std::size_t i = 0; i < next; ++i)
      if (in[i]) reserved += static_cast<double>(requests[i].prompt_tokens + requests[i].answer_tokens);
    for (; next < requests.size() && requests[next].arrival_us <= now; ++next) {
      const auto needs = static_cast<double>(requests[next].prompt_tokens + requests[next].answer_tokens);
      if (needs > room) {
        result[next].refused = true;
        ++done;
        continue;
      }
      if (reserved + needs > room) break;
      reserved += needs;
      in[next] = true;
    }
    bool any = false;
    double tokens = 0, sequences = 0, kv = 0;
    for (std::size_t i = 0; i < next; ++i) {
      if (!in[i]) continue;
      any = true;
      kv += 131072.0 * static_cast<double>(requests[i].prompt_tokens + made[i]);
      tokens += made[i] == 0 ? static_cast<double>(requests[i].prompt_tokens) : 1;
      ++sequences;
    }
    if (!any) {
      if (next < requests.size()) now = std::max(now, requests[next].arrival_us);
      continue;
    }
    now += step(on, llama(), {}, tokens, sequences, kv).total() * 1e3;
    for (std::size_t i = 0; i < next; ++i) {
      if (!in[i]) continue;
      if (++made[i] == 1) result[i].first_us = now;
      if (made[i] < requests[i].answer_tokens) continue;
      result[i].last_us = now;
      in[i] = false;
      ++done;
    }
  }
  return result;
}

TEST(Serving, LeapsGiveTheTimesOfSingleSteps) {
  base::Random random(5);
  for (int round = 0; round < 20; ++round) {
    auto on = gpu("h100-sxm");
    if (round % 2 == 1) on.memory_gb = 16.4;  // room for some 2,600 tokens beside the weights: requests queue
    std::vector<LoadRequest> requests;
    double arrival = 0;
    for (int i = 0; i < 40; ++i) {
      arrival += random.unit() * 20000;
      requests.push_back({arrival, 1 + random.below(i == 17 ? 9000 : 900), 1 + random.below(60)});
    }
    const auto run = serve(on, llama(), Precision::Bf16, requests).value();
    const auto expected = step_by_step(on, requests);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      EXPECT_EQ(run.requests[i].refused, expected[i].refused) << round << " " << i;
      EXPECT_NEAR(run.requests[i].first_us, expected[i].first_us, 1e-3) << round << " " << i;
      EXPECT_NEAR(run.requests[i].last_us, expected[i].last_us, 1e-3) << round << " " << i;
    }
    EXPECT_GT(run.most_in_batch, 1U);
  }
}

TEST(Serving, RefusesWhatTheBaselineRefuses) {
  auto without_rate = gpu("h100-sxm");
  without_rate.fp8_or_int8_tflops = 0;
  EXPECT_FALSE(serve(without_rate, llama(), Precision::Fp8, {{0, 1, 1}}).ok());
}

TEST(Serving, AModelThatDoesNotFitServesNobody) {
  auto on = gpu("h100-sxm");
  on.memory_gb = 10;
  const auto run = serve(on, llama(), Precision::Bf16, {{0, 1, 1}, {5, 1, 1}}).value();
  EXPECT_TRUE(run.requests[0].refused && run.requests[1].refused);
  EXPECT_EQ(run.most_in_batch, 0U);
}

}  // namespace
}  // namespace kiln::baseline
