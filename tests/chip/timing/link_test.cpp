// Links: hand-derived passages, and bursts against registers moved cycle by cycle on random schedules.
#include "chip/timing/link.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "chip/timing/link_map.hpp"
#include "chip/timing/timing_testing.hpp"
#include "support/random_chip.hpp"

namespace kiln::chip {
namespace {

using base::Cycles;

std::vector<std::uint64_t> cycles_of(const BeatSchedule& burst) {
  std::vector<std::uint64_t> all;
  burst.for_each([&](Cycles at) { all.push_back(at.count()); });
  return all;
}
using List = std::vector<std::uint64_t>;

/// The same stream through the registers, calling step() only at the cycles it asks for and where beats become
/// available.
LinkTransfer by_beats(const LinkTiming& timing, const BeatSchedule& available) {
  BeatLink link(timing);
  LinkTransfer result;
  const List avail = cycles_of(available);
  std::size_t pushed = 0;
  Cycles now(avail.front());
  while (result.pops.beats() < avail.size()) {
    while (pushed < avail.size() && avail[pushed] == now.count()) {
      link.push();
      ++pushed;
    }
    const BeatLink::Step step = link.step(now);
    if (step.departed) result.departures.append(now);
    if (step.taken) result.pops.append(now);
    std::optional<Cycles> next = step.next;
    if (pushed < avail.size() && (!next || Cycles(avail[pushed]) < *next)) next = Cycles(avail[pushed]);
    if (!next) break;
    EXPECT_GT(*next, now);
    now = *next;
  }
  return result;
}

void expect_same(const LinkTransfer& a, const LinkTransfer& b) {
  EXPECT_EQ(cycles_of(a.departures), cycles_of(b.departures));
  EXPECT_EQ(cycles_of(a.pops), cycles_of(b.pops));
}

TEST(Link, ABeatArrivesAfterAsManyCyclesAsTheLinkHasRegisters) {
  BeatLink link(LinkTiming(3, 1, Backpressure(0, 0)));
  link.push();
  EXPECT_TRUE(link.step(Cycles(10)).departed);
  EXPECT_FALSE(link.step(Cycles(12)).taken);  // blocked at t - 1
  EXPECT_TRUE(link.step(Cycles(13)).taken);   // ready at t
}

TEST(Link, AFastReceiverTakesTheProducersRhythm) {
  const LinkTransfer p = LinkTiming(2, 1, Backpressure(0, 0)).pass(BeatSchedule(Cycles(100), 4, 3));
  EXPECT_EQ(cycles_of(p.departures), (List{100, 103, 106, 109}));
  EXPECT_EQ(cycles_of(p.pops), (List{102, 105, 108, 111}));
}

// S = 1 holds two beats; a place freed at t is used at t + 1: leaves 0, 1, then pop_{k-2} + 1.
TEST(Link, ASlowReceiverFillsTheLinkAndItsOwnRhythmHolds) {
  const LinkTransfer p = LinkTiming(1, 4, Backpressure(0, 0)).pass(BeatSchedule(Cycles(0), 5, 1));
  EXPECT_EQ(cycles_of(p.pops), (List{1, 5, 9, 13, 17}));
  EXPECT_EQ(cycles_of(p.departures), (List{0, 1, 2, 6, 10}));
}

TEST(Link, PopsAreThoseOfAnUnlimitedBuffer) {
  support::RandomConfigs random(support::test_seed(51));
  for (int round = 0; round < 500; ++round) {
    const std::uint64_t registers = random.few(9), c = random.few(9), i = random.few(9), beats = random.few(60);
    const LinkTransfer p = LinkTiming(static_cast<std::uint32_t>(registers), c, Backpressure(0, 0))
                               .pass(BeatSchedule(Cycles(7), beats, i));
    for (std::uint64_t k = 0; k < beats; ++k) EXPECT_EQ(cycles_of(p.pops)[k], 7 + registers + k * std::max(i, c));
  }
}

TEST(Link, BurstsEqualBeatsOnRandomSchedulesWithAndWithoutStalls) {
  support::RandomConfigs random(support::test_seed(52));
  for (int round = 0; round < 1000; ++round) {
    const std::uint64_t seed = random.coin() ? random.number(1, 100000) : 0;
    const LinkTiming timing(random.few(7), random.few(7), Backpressure(seed, random.number(0, 20)));
    BeatSchedule available;
    Cycles at(random.number(0, 1000));
    for (std::uint32_t segments = random.number(1, 4); segments > 0; --segments) {
      const Segment s{at, random.few(30), random.few(8)};
      available.append(s);
      at = s.last() + Cycles(random.number(1, 30));
    }
    expect_same(timing.pass(available), by_beats(timing, available));
    if (::testing::Test::HasFailure()) FAIL() << "round " << round;
  }
}

TEST(Link, StallsDelayBeatsAndLoseNone) {
  const Backpressure backpressure(99, 3);
  const LinkTransfer p = LinkTiming(2, 1, backpressure).pass(BeatSchedule(Cycles(0), 200, 1));
  EXPECT_EQ(p.pops.beats(), 200U);
  EXPECT_GT(p.pops.last(), Cycles(2 + 199));
  p.pops.for_each([&](Cycles at) { EXPECT_FALSE(backpressure.refuses(at)); });
}

TEST(BeatSchedule, KeepsBeatsInUniformSegments) {
  BeatSchedule burst;
  for (const std::uint64_t at : {5, 7, 9, 10, 11, 20}) burst.append(Cycles(at));
  EXPECT_EQ(burst.segments(), 3U);
  EXPECT_EQ(burst.segment(0), (Segment{Cycles(5), 3, 2}));
  EXPECT_EQ(burst.segment(1), (Segment{Cycles(10), 2, 1}));
  EXPECT_EQ(burst.last(), Cycles(20));
  EXPECT_EQ(cycles_of(burst), (List{5, 7, 9, 10, 11, 20}));
  EXPECT_THROW(burst.append(Cycles(20)), base::BugError);
}

TEST(LinkMap, HasTheStagesAndReceiversOfTheConfig) {
  const auto placement = placed([](config::ModelConfig&, config::ChipConfig& c) {
    c.link = {.registers = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}};
    c.vector.lanes = 30;
    c.attention.input_lanes = 60;
    c.sampler.lanes = 10;
  });
  const LinkMap map(placement);
  using program::Unit;
  const auto expect = [&](Unit from, Unit to, std::uint32_t registers, std::uint64_t interval) {
    const LinkSpec& link = map.links()[map.index(from, to)];
    EXPECT_EQ(link.registers, registers) << link.name();
    EXPECT_EQ(link.receiver_interval, interval) << link.name();
  };
  expect(Unit::Sequencer, Unit::EmbeddingRom, 1, 1);
  expect(Unit::EmbeddingRom, Unit::VectorUnit, 2, 3);
  for (const auto kind :
       {program::ArrayKind::Qkv, program::ArrayKind::O, program::ArrayKind::GateUp, program::ArrayKind::Down}) {
    expect(Unit::VectorUnit, program::array_unit(kind), 3, 1);
    expect(program::array_unit(kind), program::tree_unit(kind), 4, 1);
    expect(program::tree_unit(kind), Unit::VectorUnit, 5, 3);
  }
  expect(Unit::VectorUnit, Unit::Attention, 6, 2);
  expect(Unit::Attention, Unit::VectorUnit, 7, 3);
  expect(Unit::LmHeadTree, Unit::Sampler, 8, 7);
  expect(Unit::Sampler, Unit::Sequencer, 9, 1);
  expect(Unit::VectorUnit, Unit::Sequencer, 10, 1);
  expect(Unit::VectorUnit, Unit::VectorUnit, 11, 3);
  EXPECT_THROW((void)map.index(Unit::Sampler, Unit::OArray), base::BugError);
}

TEST(LinkMap, ABeatOfKeysGoesInNoFasterThanItsWords) {
  const auto placement = placed([](config::ModelConfig&, config::ChipConfig& c) {
    c.attention.input_lanes = 16;  // 4 cycles
    c.kv.width_bytes = 8;          // 8 words a beat
    c.kv.banks = 3;                // 3 cycles
  });
  const auto taken = [](const program::Placement& p) {
    const LinkMap map(p);
    return map.links()[map.index(program::Unit::VectorUnit, program::Unit::Attention)].receiver_interval;
  };
  EXPECT_EQ(taken(placement), 4U);
  EXPECT_EQ(taken(placed([](config::ModelConfig&, config::ChipConfig& c) {
              c.attention.input_lanes = 64;
              c.kv.width_bytes = 8;
              c.kv.banks = 3;
            })),
            3U);
}

}  // namespace
}  // namespace kiln::chip
