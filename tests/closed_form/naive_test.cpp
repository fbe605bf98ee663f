// The closed form against the naive model, on random configurations: totals and every unit's share, of tokens and of
// runs.
#include <gtest/gtest.h>

#include "closed_form/configs.hpp"
#include "closed_form/naive_model.hpp"
#include "kiln/closed_form/closed_form.hpp"

namespace kiln::closed_form {
namespace {

constexpr std::uint64_t kConfigurations = 2000;

std::vector<std::uint64_t> counts(const std::array<base::Cycles, program::kUnits>& path) {
  std::vector<std::uint64_t> plain;
  for (const auto cycles : path) plain.push_back(cycles.count());
  return plain;
}
std::vector<std::uint64_t> counts(const NaiveChip::Path& path) { return {path.begin(), path.end()}; }

TEST(ClosedForm, EqualsTheNaiveModelForRandomTokens) {
  const std::uint64_t seed = support::test_seed(1);
  for (std::uint64_t i = 0; i < kConfigurations; ++i) {
    const auto placement = random_case(base::mix(seed, i)).place();
    support::RandomConfigs d(base::mix(seed, ~i));
    const std::uint64_t position = d.number(0, static_cast<std::uint32_t>(placement.kv().capacity_tokens - 1));
    for (const bool with_logits : {false, true}) {
      NaiveChip naive(placement);
      const std::uint64_t issue = d.number(0, 1000);
      const std::uint64_t commit = naive.token(issue, position, with_logits);
      const auto token = token_cycles(placement, position, with_logits);
      ASSERT_EQ(token.total.count(), commit - issue) << "configuration " << i << " position " << position;
      ASSERT_EQ(counts(token.critical_path), counts(naive.path())) << "configuration " << i << " position " << position;
    }
  }
}

TEST(ClosedForm, EqualsTheNaiveModelForRandomRuns) {
  const std::uint64_t seed = support::test_seed(2);
  std::uint64_t waiting = 0, serialised = 0, full = 0;
  for (std::uint64_t i = 0; i < kConfigurations; ++i) {
    auto c = random_case(base::mix(seed, i));
    support::RandomConfigs d(base::mix(seed, ~i));
    const std::uint64_t capacity = c.place().kv().capacity_tokens;
    const std::uint64_t kept = d.coin() ? 0 : d.number(0, static_cast<std::uint32_t>(capacity - 1));
    const std::uint64_t prompt = d.number(1, static_cast<std::uint32_t>(std::min<std::uint64_t>(capacity - kept, 8)));
    const std::uint64_t answer = d.number(1, 8);
    if (d.coin())  // a wire about as fast as the tokens
      c.chip.host.cycles_per_token = static_cast<std::uint32_t>(
          token_cycles(c.place(), kept + d.number(0, static_cast<std::uint32_t>(prompt - 1)), d.coin()).total.count() +
          d.number(0, 4) - 2);
    const auto placement = c.place();
    const auto naive = naive_run(placement, prompt, answer, kept);
    const auto run = run_cycles(placement, prompt, answer, kept);
    ASSERT_EQ(run.prompt_arrival.count(), naive.prompt_arrival);
    ASSERT_EQ(run.answer_tokens, naive.answer_tokens) << "configuration " << i;
    ASSERT_EQ(run.first_answer.count(), naive.first_answer) << "configuration " << i;
    ASSERT_EQ(run.last_answer.count(), naive.last_answer) << "configuration " << i;
    ASSERT_EQ(run.total.count(), naive.total) << "configuration " << i;
    ASSERT_EQ(counts(run.critical_path), counts(naive.path)) << "configuration " << i;
    const auto host = run.critical_path[0].count() - 2 * c.chip.host.latency_cycles;
    const auto late = run.total.count() - c.chip.host.latency_cycles - run.last_answer.count();
    waiting += host > late ? 1 : 0;
    serialised += late > 0 ? 1 : 0;
    full += run.answer_tokens < answer ? 1 : 0;
  }
  // The cases that matter did occur.
  EXPECT_GT(waiting, kConfigurations / 20);
  EXPECT_GT(serialised, kConfigurations / 20);
  EXPECT_GT(full, kConfigurations / 20);
}

}  // namespace
}  // namespace kiln::closed_form
