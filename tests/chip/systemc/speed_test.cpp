// What a run costs the host, in counts rather than seconds: kernel events a token of an 8-billion-weight model.
#include "chip/chip_testing.hpp"
#include "support/models.hpp"

namespace kiln::chip {
namespace {

TEST(Speed, ATokenOfAnEightBillionWeightModelTakesAtMostFifteenHundredEvents) {
  config::ChipConfig chip;
  chip.kv.depth_words = 65536;
  const auto placement = program::Placement::create(support::llama_8b(), {}, chip);
  ASSERT_TRUE(placement.ok());
  const auto outcome = watch(*placement, timing_request(10, 90)).outcome;
  ASSERT_EQ(outcome.tokens.size(), 99U);
  EXPECT_LE(outcome.kernel_events / outcome.tokens.size(), 1500U);
}

}  // namespace
}  // namespace kiln::chip
