// Chip link: its pace, and what a residual takes from chip to chip.
#include "chip/timing/chip_link.hpp"

#include "chip/chip_testing.hpp"

namespace kiln::chip {
namespace {

using base::Cycles;

config::ChipConfig chips(std::uint32_t count, std::uint32_t bytes_per_cycle) {
  config::ChipConfig c;
  c.chips = {count, 7, bytes_per_cycle};
  return c;
}

TEST(ChipLink, ABeatTakesItsBytesOverTheBandwidth) {
  EXPECT_EQ(ChipLink(chips(2, 128)).beat_cycles(), 2U);  // 64 elements of 4 bytes
  EXPECT_EQ(ChipLink(chips(2, 100)).beat_cycles(), 3U);
  EXPECT_EQ(ChipLink(chips(2, 65536)).beat_cycles(), 1U);
  EXPECT_EQ(ChipLink(chips(2, 128)).way_back(), 7U);
  EXPECT_EQ(ChipLink(chips(1, 128)).way_back(), 0U);
}

TEST(ChipLink, AResidualTakesBeatsAndLatency) {
  // Two layers on two chips; a residual of 2 beats, 5 cycles each on the wire.
  const auto placement = placed([](config::ModelConfig&, config::ChipConfig& c) {
    c.chips = {2, 7, 52};
    c.vector.add_cycles = 3;
  });
  const auto w = watch(placement, timing_request(1, 1));
  const auto& ops = placement.dataflow().token(true);
  const auto send = static_cast<std::uint32_t>(
      std::ranges::find(ops, program::OpKind::SendResidual, &program::Op::kind) - ops.begin());
  EXPECT_EQ(ops[send].stage, 0U);
  EXPECT_EQ(ops[send + 1].stage, 1U);
  const Cycles start = w.at(0, send, EventKind::Start);
  EXPECT_EQ(w.at(0, send, EventKind::FirstOut), start + Cycles(1));
  EXPECT_EQ(w.at(0, send, EventKind::LastOut), start + Cycles(1 + 5));
  EXPECT_EQ(w.at(0, send + 1, EventKind::LastIn), start + Cycles(1 + 5 + 7));
  EXPECT_EQ(w.at(0, send + 1, EventKind::End), start + Cycles(1 + 5 + 7 + 3));
}

TEST(ChipLink, AResidualWaitsForItsLastLaneGroups) {
  // c_v = 4: the first beat is read in 4 cycles, the last one added in 4.
  const auto placement = placed([](config::ModelConfig&, config::ChipConfig& c) {
    c.chips = {2, 7, 52};
    c.vector.add_cycles = 3;
    c.vector.lanes = 16;
  });
  const auto w = watch(placement, timing_request(1, 1));
  const auto& ops = placement.dataflow().token(true);
  const auto send = static_cast<std::uint32_t>(
      std::ranges::find(ops, program::OpKind::SendResidual, &program::Op::kind) - ops.begin());
  const Cycles start = w.at(0, send, EventKind::Start);
  EXPECT_EQ(w.at(0, send, EventKind::FirstOut), start + Cycles(4));
  EXPECT_EQ(w.at(0, send, EventKind::LastOut), start + Cycles(4 + 5));
  EXPECT_EQ(w.at(0, send + 1, EventKind::LastIn), start + Cycles(4 + 5 + 7));
  EXPECT_EQ(w.at(0, send + 1, EventKind::End), start + Cycles(4 + 5 + 7 + 3 + 3));
}

TEST(ChipLink, MoreLatencyIsPaidOnceEachWay) {
  const auto total = [](std::uint32_t latency) {
    const auto placement = placed([&](config::ModelConfig&, config::ChipConfig& c) { c.chips = {2, latency, 128}; });
    return watch(placement, timing_request(1, 1)).outcome.total.count();
  };
  EXPECT_EQ(total(30), total(10) + 2 * 20);  // the residual's way and the result's way back
}

}  // namespace
}  // namespace kiln::chip
