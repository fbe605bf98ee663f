// What a run costs the host, in counts rather than seconds: kernel events a token of an 8-billion-weight model.
#include "chip/chip_testing.hpp"

namespace kiln::chip {
namespace {

TEST(Speed, ATokenOfAnEightBillionWeightModelTakesAtMostFifteenHundredEvents) {
  config::ModelConfig m;
  m.name = "llama-3.1-8b";
  m.hidden_size = 4096;
  m.intermediate_size = 14336;
  m.layers = 32;
  m.heads = 32;
  m.kv_heads = 8;
  m.head_dim = 128;
  m.vocab_size = 128256;
  m.max_context = 131072;
  config::ChipConfig chip;
  chip.kv.depth_words = 65536;
  const auto placement = program::Placement::create(m, {}, chip);
  ASSERT_TRUE(placement.ok());
  const auto outcome = watch(*placement, timing_request(10, 90)).outcome;
  ASSERT_EQ(outcome.tokens.size(), 99U);
  EXPECT_LE(outcome.kernel_events / outcome.tokens.size(), 1500U);
}

}  // namespace
}  // namespace kiln::chip
