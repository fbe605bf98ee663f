// The sampler after the LM head.
#include "chip/timing/lm_head.hpp"

#include "chip/chip_testing.hpp"

namespace kiln::chip {
namespace {

using base::Cycles;
using config::ChipConfig;
using config::ModelConfig;

TEST(Sampler, KnowsTheWinnerBehindTheLastLogit) {  // c_s = 4: the last beat's last logits come 3 cycles later
  const auto placement = placed([](ModelConfig&, ChipConfig& c) { c.sampler = {16, 9}; });
  Operation operation(0, Sampler(placement).timing(true), Cycles(100));
  EXPECT_EQ(operation.run(BeatSchedule(Cycles(100), 5, 4)).segment(0), (Segment{Cycles(100 + 16 + 3 + 9), 1, 1}));
}

TEST(Sampler, ADrawComesBehindTheComparison) {
  const auto placement = placed([](config::ModelConfig&, config::ChipConfig& c) { c.sampler.draw_cycles = 9; });
  const Sampler sampler(placement);
  EXPECT_EQ(sampler.timing(false).latency, sampler.timing(true).latency + 9);
  Activity activity;
  sampler.count(true, activity);
  sampler.count(false, activity);
  EXPECT_EQ(activity.logits_compared, 2 * 300U);
  EXPECT_EQ(activity.draws, 1U);
}

TEST(Sampler, AsksWithinItsLimitsAreTaken) {
  const auto placement = placed();
  const auto message = [&](double temperature, std::uint32_t k) {
    RunRequest request = timing_request(1, 1);
    request.users[0].sampling = {temperature, k, 0};
    const auto outcome = run(placement, request);
    return outcome.ok() ? std::string("taken") : outcome.error().message;
  };
  EXPECT_EQ(message(2, 8), "taken");
  EXPECT_EQ(message(2.5, 8), "the temperature is 2.5, chip hand takes 0 to 2");
  EXPECT_EQ(message(-1, 8), "the temperature is -1, chip hand takes 0 to 2");
  EXPECT_EQ(message(1, 9), "top-k is 9, the sampler of chip hand keeps 1 to 8");
  EXPECT_EQ(message(1, 0), "top-k is 0, the sampler of chip hand keeps 1 to 8");
}

}  // namespace
}  // namespace kiln::chip
