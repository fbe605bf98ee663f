// What a run counts, found without the run, on random members of the family: every counter of every one.
#include "chip/timing/activity.hpp"

#include <gtest/gtest.h>

#include "chip/chip_testing.hpp"
#include "chip/systemc/chip.hpp"
#include "support/random_chip.hpp"

namespace kiln::host {
namespace {

TEST(ActivityOf, IsWhatTheUnitsCountInARun) {
  const std::uint64_t seed = support::test_seed(20261129);
  support::RandomConfigs random(seed);
  int several_chips = 0, several_stages = 0;
  for (int round = 0; round < 500; ++round) {
    const auto placement = random.member(random.number(2, 24));
    const auto capacity = static_cast<std::uint32_t>(placement.kv().capacity_tokens);
    const std::uint64_t prompt = random.number(1, std::min(capacity, 8U));
    const std::uint64_t answer = random.number(1, std::min<std::uint32_t>(6, capacity - prompt + 1));
    const auto ran = chip::run(placement, chip::timing_request(prompt, answer));
    ASSERT_TRUE(ran.ok()) << ran.error().message;
    ASSERT_EQ(ran->users[0].answer_tokens, answer);
    const auto counted = chip::activity_of(placement, prompt, answer);
    for (const auto& counter : program::kActivityCounters)
      ASSERT_EQ(counted.*counter.value, ran->activity.*counter.value)
          << counter.name << ", KILN_SEED=" << seed << " round " << round;
    several_stages += placement.dataflow().stages().size() > 1 ? 1 : 0;
    several_chips += placement.chip().chips.count > 1 ? 1 : 0;
  }
  EXPECT_GT(several_stages, 50);
  EXPECT_GT(several_chips, 50);
}

}  // namespace
}  // namespace kiln::host
