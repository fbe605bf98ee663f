// Bursts and single beats give the same cycle for every event, on random chips, with and without stalls.
#include "chip/chip_testing.hpp"
#include "support/random_chip.hpp"

namespace kiln::chip {
namespace {

TEST(TransferMode, BurstsAndBeatsGiveTheSameCycleForEveryEvent) {
  support::RandomConfigs random(support::test_seed(11));
  for (int round = 0; round < 60; ++round) {
    const auto placement = random.placement(12);
    const std::uint64_t prompt = random.number(1, 6);
    const auto bursts = watch(placement, timing_request(prompt, 5, TransferMode::Bursts));
    const auto beats = watch(placement, timing_request(prompt, 5, TransferMode::Beats));
    expect_same_cycles(bursts, beats);
    EXPECT_LT(bursts.outcome.kernel_events, beats.outcome.kernel_events);
    if (HasFailure()) FAIL() << "round " << round;
  }
}

TEST(TransferMode, BurstsAndBeatsAgreeWhenReceiversRefuseBeatsAtRandom) {
  support::RandomConfigs random(support::test_seed(12));
  for (int round = 0; round < 60; ++round) {
    const auto placement = random.placement(12);
    const std::uint64_t seed = random.number(1, 1000000);
    const auto bursts = watch(placement, timing_request(2, 3, TransferMode::Bursts, seed));
    const auto beats = watch(placement, timing_request(2, 3, TransferMode::Beats, seed));
    const auto free = watch(placement, timing_request(2, 3));
    expect_same_cycles(bursts, beats);
    EXPECT_GT(bursts.outcome.total, free.outcome.total);
    EXPECT_EQ(bursts.events.size(), free.events.size());
    if (HasFailure()) FAIL() << "round " << round;
  }
}

}  // namespace
}  // namespace kiln::chip
