// Vector unit: barriers, streams and the pairs of SiLU.
#include "chip/timing/vector_unit.hpp"

#include "chip/timing/timing_testing.hpp"

namespace kiln::chip {
namespace {

using base::Cycles;
using config::ChipConfig;
using config::ModelConfig;
using program::OpKind;

program::Placement with_vector() {
  return placed([](ModelConfig&, ChipConfig& c) { c.vector = {32, 3, 5, 7, 11, 13, 17, 19, 23}; });
  // c_v = 2: a beat's second half is 1 later
}

TEST(VectorUnit, NormTakesAPassForTheSquaresAndOneForTheResult) {
  const VectorUnit unit(with_vector());
  EXPECT_EQ(unit.beat_cycles(), 2U);
  Operation operation(3, unit.timing(OpKind::Norm, false), Cycles(1000));
  const BeatSchedule out = operation.run();
  EXPECT_EQ(out.segment(0), (Segment{Cycles(1000 + 2 * 2 + 5 + 7 + 11 + 19 + 23 + 1), 2, 2}));
}

TEST(VectorUnit, ResidualsAreCompleteAddCyclesBehindTheLastBeat) {
  const VectorUnit unit(with_vector());
  Operation operation(2, unit.timing(OpKind::StoreResidual, false), Cycles(40));
  EXPECT_TRUE(operation.run(BeatSchedule(Cycles(40), 2, 2)).empty());
  EXPECT_EQ(operation.result_at(), Cycles(42 + 1 + 3));
  EXPECT_EQ(operation.record().start, Cycles(40));
  Operation last(2, unit.timing(OpKind::AddResidual, true), Cycles(40));
  EXPECT_EQ(last.run(BeatSchedule(Cycles(40), 2, 2)).segment(0).first, Cycles(46));  // one beat to the sequencer
}

TEST(VectorUnit, StreamsPassWithTheirRhythm) {
  const VectorUnit unit(with_vector());
  Operation rope(5, unit.timing(OpKind::RopeQuantise, false), Cycles(10));
  EXPECT_EQ(rope.run(BeatSchedule(Cycles(10), 8, 2)).segment(0), (Segment{Cycles(10 + 1 + 13 + 19 + 23), 8, 2}));
  Operation quantise(7, unit.timing(OpKind::QuantiseAttention, false), Cycles(10));
  EXPECT_EQ(quantise.run(BeatSchedule(Cycles(10), 4, 3)).segment(0), (Segment{Cycles(10 + 1 + 23), 4, 3}));
}

TEST(VectorUnit, SiluMakesOneBeatOfTwo) {
  const VectorUnit unit(with_vector());
  Operation silu(9, unit.timing(OpKind::SiluMultiply, false), Cycles(10));
  EXPECT_EQ(silu.run(BeatSchedule(Cycles(10), 6, 2)).segment(0), (Segment{Cycles(12 + 1 + 17 + 19 + 23), 3, 4}));
  Operation beats(9, unit.timing(OpKind::SiluMultiply, false), Cycles(10));
  EXPECT_FALSE(beats.take(Cycles(10)));
  EXPECT_EQ(beats.take(Cycles(12)), Cycles(12 + 1 + 17 + 19 + 23));
  EXPECT_FALSE(beats.take(Cycles(15)));
  EXPECT_EQ(beats.take(Cycles(20)), Cycles(20 + 1 + 17 + 19 + 23));
}

TEST(VectorUnit, AResidualsBeatLeavesWhenItsLastLaneGroupIsRead) {
  const auto placement = placed([](ModelConfig&, ChipConfig& c) {
    c.vector.lanes = 20;           // c_v = 4
    c.chips.bytes_per_cycle = 52;  // 5 cycles a beat
  });
  const VectorUnit unit(placement);
  Operation on_chip(3, unit.send_timing(false), Cycles(10));
  EXPECT_EQ(on_chip.run().segment(0), (Segment{Cycles(10 + 1 + 3), 2, 4}));
  Operation between_chips(3, unit.send_timing(true), Cycles(10));
  EXPECT_EQ(between_chips.run().segment(0), (Segment{Cycles(10 + 1 + 3), 2, 5}));
}

}  // namespace
}  // namespace kiln::chip
