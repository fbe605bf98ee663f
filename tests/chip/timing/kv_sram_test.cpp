// KV SRAM: bank conflicts by the shape of a block against requests arbitrated one by one.
#include "chip/timing/kv_sram.hpp"

#include "chip/timing/kv_testing.hpp"
#include "support/random_chip.hpp"

namespace kiln::chip {
namespace {

ReadCost by_request(const program::Placement& placement, std::uint64_t context) {
  KvStepReads walk(placement, context);
  while (walk.step()) {
  }
  return walk.cost();
}

TEST(KvSram, TokensAWholeNumberOfBanksApartMeetInOneBank) {
  // Tokens 8 words apart, 8 banks: four tokens at a time meet in one bank, 4 cycles a step, 3 of them conflicts.
  EXPECT_EQ(by_shape(place(8, 1, 0, 4, 1), 4), (ReadCost{8, 24, 32}));
  EXPECT_EQ(by_shape(place(8, 2, 0, 4, 1), 4), (ReadCost{8, 8, 32}));  // two ports: 2 cycles a step
  EXPECT_EQ(by_shape(place(8, 4, 0, 4, 1), 4), (ReadCost{8, 0, 32}));
}

TEST(KvSram, APaddedRowSpreadsTokensOverBanks) {
  EXPECT_EQ(by_shape(place(8, 1, 1, 4, 1), 4), (ReadCost{8, 0, 32}));  // tokens 9 words apart
}

TEST(KvSram, ThePartialBlockOfTokensCostsWhatItsShapeDoes) {
  // 6 tokens: a block of 4 (3 conflicts a step) and one of 2 (1 conflict), for 2 heads of 4 words each.
  EXPECT_EQ(by_shape(place(8, 1, 0, 4, 1), 6), (ReadCost{16, 8 * 3 + 8 * 1, 48}));
}

TEST(KvSram, HeadsInParallelSaveSteps) {
  EXPECT_EQ(by_shape(place(16, 1, 0, 1, 2), 3), (ReadCost{12, 0, 24}));  // rows 4 words apart: other banks
  EXPECT_EQ(by_shape(place(4, 1, 0, 1, 2), 3), (ReadCost{12, 12, 24}));  // the same bank
}

TEST(KvSram, CountingByShapeEqualsArbitratingRequests) {
  support::RandomConfigs random(support::test_seed(71));
  for (int round = 0; round < 300; ++round) {
    const auto placement = random.placement(24);
    KvReads reads(placement);
    for (std::uint64_t context = 1; context <= 24; context += random.number(1, 5))
      EXPECT_EQ(reads.phase(context), by_request(placement, context)) << round << " context " << context;
    EXPECT_EQ(reads.phase(2), by_request(placement, 2));  // going back is allowed
    if (::testing::Test::HasFailure()) FAIL() << "round " << round;
  }
}

TEST(KvSram, RefusesAContextItCannotHold) {
  const auto placement = place(8, 1, 0, 4, 1);
  KvReads reads(placement);
  EXPECT_THROW((void)reads.phase(0), base::BugError);
  EXPECT_THROW((void)reads.phase(placement.kv().capacity_tokens + 1), base::BugError);
}

}  // namespace
}  // namespace kiln::chip
