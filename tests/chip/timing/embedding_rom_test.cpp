// Embedding ROM: a row, beat by beat.
#include "chip/timing/embedding_rom.hpp"

#include "chip/timing/timing_testing.hpp"

namespace kiln::chip {
namespace {

using base::Cycles;
using config::ChipConfig;
using config::ModelConfig;

TEST(EmbeddingRom, SendsARowBeatByBeat) {
  const auto placement = placed([](ModelConfig&, ChipConfig& c) { c.embedding = {5, 24}; });
  Operation operation(1, EmbeddingRom(placement).timing(), Cycles(100));
  const BeatSchedule out = operation.run(BeatSchedule(Cycles(100), 1, 1));
  EXPECT_EQ(out.segment(0), (Segment{Cycles(100 + 5 + 2), 2, 3}));  // ceil(64 / 24) = 3
  Activity activity;
  EmbeddingRom(placement).count(activity);
  EXPECT_EQ(activity.embedding_reads, 128U);
}

}  // namespace
}  // namespace kiln::chip
