// The sampler behind the LM head.
#include "chip/lm_head.hpp"

#include "chip/chip_testing.hpp"

namespace kiln::chip {
namespace {

using base::Cycles;
using config::ChipConfig;
using config::ModelConfig;

TEST(Sampler, KnowsTheWinnerBehindTheLastLogit) {
  const auto placement = placed([](ModelConfig&, ChipConfig& c) { c.sampler = {16, 9}; });
  Operation operation(0, Sampler(placement).timing(), Cycles(100));
  EXPECT_EQ(operation.run(Burst(Cycles(100), 5, 4)).segment(0), (Segment{Cycles(100 + 16 + 9), 1, 1}));
}

}  // namespace
}  // namespace kiln::chip
