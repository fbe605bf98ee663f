// Workloads: the file, the figures, and queueing against M/D/1.
#include "host/workload.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "base/random.hpp"
#include "chip/chip_testing.hpp"
#include "host/run.hpp"
#include "support/random_chip.hpp"

namespace kiln::host {
namespace {

std::string refusal(const std::string& text) {
  const auto parsed = parse_workload(text, "w");
  return parsed.ok() ? "accepted" : parsed.error().message;
}

TEST(Workload, LinesAreRequests) {
  const auto parsed = parse_workload(
      "{\"arrival_us\": 0, \"prompt_tokens\": 3, \"answer_tokens\": 2}\n\n"
      "{\"arrival_us\": 1.5, \"prompt\": \"Hello\", \"answer_tokens\": 7}",
      "w");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  ASSERT_EQ(parsed->size(), 2U);
  EXPECT_EQ((*parsed)[0].prompt_tokens, 3U);
  EXPECT_EQ((*parsed)[1].arrival_us, 1.5);
  EXPECT_EQ((*parsed)[1].prompt, "Hello");
  EXPECT_EQ((*parsed)[1].answer_tokens, 7U);
}

TEST(Workload, BadLinesAreRefusedByNumberAndPointer) {
  EXPECT_EQ(refusal(""), "w has no request; one JSON object a line is expected");
  EXPECT_EQ(refusal("\n{"), "w: line 2 is not JSON; an object is expected");
  EXPECT_EQ(refusal("[1]"), "w: line 1: an object is expected");
  EXPECT_EQ(
      refusal(R"({"arrival": 1})"),
      "w: line 1: /arrival is not a known key; arrival_us, prompt, prompt_tokens, answer_tokens and leaves_us are");
  EXPECT_EQ(refusal(R"({"arrival_us": 5, "leaves_us": 4, "prompt_tokens": 1, "answer_tokens": 1})"),
            "w: line 1: /leaves_us is 4; arrival_us to 1e12 microseconds is expected");
  EXPECT_EQ(refusal(R"({"prompt_tokens": 1, "answer_tokens": 1})"),
            "w: line 1: /arrival_us is missing; a number of microseconds is expected");
  EXPECT_EQ(refusal(R"({"arrival_us": 1, "arrival_us": 2, "prompt_tokens": 1, "answer_tokens": 1})"),
            "w: line 1: /arrival_us stands there twice");
  EXPECT_EQ(refusal(R"({"arrival_us": 1, "prompt": {"arrival_us": 2, "a": 1}, "answer_tokens": 1})"),
            "w: line 1: /prompt is {\"a\":1,\"arrival_us\":2}; a text that is not empty is expected")
      << "each object has its own keys";
  EXPECT_EQ(refusal("{\"prompt\": " + std::string(200, '[')), "w: line 1 is nested deeper than 64 levels");
  EXPECT_EQ(refusal(R"({"arrival_us": -1, "prompt_tokens": 1, "answer_tokens": 1})"),
            "w: line 1: /arrival_us is -1; 0 to 1e12 microseconds is expected");
  EXPECT_EQ(refusal(R"({"arrival_us": 1, "answer_tokens": 1})"),
            "w: line 1: one of /prompt and /prompt_tokens is expected");
  EXPECT_EQ(refusal(R"({"arrival_us": 1, "prompt": "", "answer_tokens": 1})"),
            "w: line 1: /prompt is \"\"; a text that is not empty is expected");
  EXPECT_EQ(refusal(R"({"arrival_us": 1, "prompt_tokens": 0, "answer_tokens": 1})"),
            "w: line 1: /prompt_tokens is 0; an integer from 1 to 16777216 is expected");
  EXPECT_EQ(refusal(R"({"arrival_us": 1, "prompt_tokens": 2, "answer_tokens": 1.5})"),
            "w: line 1: /answer_tokens is 1.5; an integer from 1 to 16777216 is expected");
}

TEST(Workload, KeysAreQuotedShortAndWithoutControls) {
  EXPECT_EQ(
      refusal("{\"a\\nkiln: error: forged\": 1}"),
      "w: line 1: /a\\x0akiln: error: forged is not a known key; arrival_us, prompt, prompt_tokens, answer_tokens "
      "and leaves_us are");
  EXPECT_LT(refusal("{\"" + std::string(5 << 20, 'a') + "\": 1}").size(), 300U);
  EXPECT_EQ(refusal(std::string(150000, '[')), "w: line 1 is nested deeper than 64 levels");
}

TEST(Workload, IsReadInTimeThatGrowsWithItsSize) {
  std::string lines, members;
  for (int i = 0; i < 100000; ++i) {
    lines += R"({"arrival_us": 0, "prompt_tokens": 1, "answer_tokens": 1})"
             "\n";
    members += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":1";
  }
  EXPECT_TRUE(parse_workload(lines, "w").ok());
  EXPECT_NE(refusal("{\"prompt\": {" + members + "}}").find("/arrival_us is missing"), std::string::npos);
  EXPECT_NE(refusal("{" + members + "}").find("/0 is not a known key"), std::string::npos);
}

/// Requests at exponential distances.
chip::RunRequest poisson(std::size_t count, double mean_cycles, std::uint64_t seed) {
  base::Random random(seed);
  chip::RunRequest request;
  double at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    at += -std::log(1 - random.unit()) * mean_cycles;
    chip::UserRequest user;
    user.arrival = base::Cycles(static_cast<std::uint64_t>(at));
    user.prompt.assign(2, 0);
    user.max_new_tokens = 3;
    request.users.push_back(std::move(user));
  }
  return request;
}

TEST(Workload, WhatIsThereOverTimeAddsUp) {
  support::RandomConfigs random(support::test_seed(71));
  const auto placement = random.member(24);
  const auto request = poisson(40, 20000, 3);
  const auto w = chip::watch(placement, request);
  const auto figures = workload_figures(request, w.outcome, 100);
  EXPECT_EQ(figures.finished + figures.refused, 40U);
  double flown = 0, there = 0, flown_points = 0, there_points = 0;
  for (const auto& token : w.outcome.tokens) flown += static_cast<double>((token.commit - token.issue).count());
  for (const auto& user : w.outcome.users)
    if (user.finish != chip::Finish::Refused) there += static_cast<double>((user.last_answer - user.admitted).count());
  for (const auto& point : figures.over_time) {
    flown_points += point.in_flight * (point.to_us - point.from_us);
    there_points += point.admitted * (point.to_us - point.from_us);
  }
  EXPECT_NEAR(flown_points, flown / 100, flown * 1e-9);
  EXPECT_NEAR(there_points, there / 100, there * 1e-9);
}

// Who leaves waits and holds a slot until then; where nobody stays there is a run of no cycles, and every figure
// finite.
TEST(Workload, UsersWhoLeaveCountUntilThen) {
  support::RandomConfigs random(support::test_seed(73));
  const config::ModelConfig model = random.model();
  config::ChipConfig chip = random.chip(model, 64);
  chip.sequencer.slots = 1;
  chip.clock_mhz = 100;
  const auto placed = program::Placement::create(model, {}, chip);
  ASSERT_TRUE(placed.ok());
  chip::RunRequest request = chip::timing_request(4, 50);
  request.users.push_back(request.users[0]);
  request.users.push_back(request.users[0]);
  const auto alone = chip::watch(*placed, chip::timing_request(4, 50)).outcome.total;
  request.users[1].cancelled_at = base::Cycles(alone.count() / 2);  // never had the slot
  request.users[2].cancelled_at = base::Cycles(alone.count() * 3 / 2);
  const auto result = host::run(*placed, request);
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(result->mismatch) << *result->mismatch;
  const auto figures = workload_figures(request, result->chip, 100);
  EXPECT_EQ(figures.finished, 1U);
  EXPECT_EQ(figures.cancelled, 2U);
  EXPECT_EQ(figures.queued_us.count, 2U);
  double waited = 0, had = 0;
  for (const auto& point : figures.over_time) {
    waited += point.waiting * (point.to_us - point.from_us);
    had += point.admitted * (point.to_us - point.from_us);
  }
  double waits = 0, has = 0;
  for (const auto& user : result->chip.users) {
    const auto until = user.admitted.count() > 0 ? user.admitted : user.ended;
    waits += static_cast<double>((until - user.prompt_arrival).count()) / 100;
    if (user.admitted.count() > 0) has += static_cast<double>((user.ended - user.admitted).count()) / 100;
  }
  EXPECT_GT(waits, 0);
  EXPECT_NEAR(waited, waits, waits * 1e-9);
  EXPECT_NEAR(had, has, has * 1e-9);

  chip::RunRequest nobody = chip::timing_request(4, 5);
  nobody.users[0].cancelled_at = base::Cycles(0);
  const auto empty = host::run(*placed, nobody);
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(empty->chip.users[0].finish, chip::Finish::Cancelled);
  EXPECT_EQ(empty->chip.total.count(), 0U);
  EXPECT_EQ(empty->speed.tokens_per_s_total, 0);
}

// One slot, equal jobs, arrivals at random: an M/D/1 queue. Means over independent series of 200 requests, each
// after a warm-up, give the confidence interval.
TEST(Workload, QueueingIsThatOfMD1) {
  support::RandomConfigs random(support::test_seed(72));
  config::ModelConfig model = random.model();
  for (const auto schedule : {config::Schedule::LayerSerial, config::Schedule::LayerPipelined}) {
    config::ChipConfig chip = random.chip(model, 16);
    chip.schedule = schedule;
    chip.sequencer.slots = 1;
    chip.host.cycles_per_token = 1;
    const auto placed = program::Placement::create(model, {}, chip);
    ASSERT_TRUE(placed.ok());
    const auto alone = chip::watch(*placed, poisson(1, 1, 1)).user();
    const auto service = static_cast<double>((alone.last_answer - alone.admitted).count());
    constexpr double kRho = 0.6;
    constexpr std::size_t kRuns = 24, kWarmUp = 100, kCounted = 200;
    std::vector<double> means;
    for (std::size_t run = 0; run < kRuns; ++run) {
      const auto outcome = chip::run(*placed, poisson(kWarmUp + kCounted, service / kRho, 1000 + run));
      ASSERT_TRUE(outcome.ok()) << outcome.error().message;
      double sum = 0;
      for (std::size_t u = kWarmUp; u < outcome->users.size(); ++u)
        sum += static_cast<double>((outcome->users[u].admitted - outcome->users[u].prompt_arrival).count());
      means.push_back(sum / kCounted);
    }
    double mean = 0, variance = 0;
    for (const double m : means) mean += m / kRuns;
    for (const double m : means) variance += (m - mean) * (m - mean) / (kRuns - 1);
    const double expected = md1_mean_wait(kRho / service, service);
    const double interval = 3 * std::sqrt(variance / kRuns);  // 99.4 % with 23 degrees of freedom
    std::cout << "mean wait " << mean << " +- " << interval << " cycles, M/D/1 " << expected << "\n";
    EXPECT_NEAR(mean, expected, interval);
    EXPECT_LT(interval, expected / 2);
  }
}

}  // namespace
}  // namespace kiln::host
