// Floors of latencies, by hand; `auto`; the highest clock; that no latency is without a path.
#include "kiln/config/latencies.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "cost/depths.hpp"
#include "cost/die_testing.hpp"
#include "cost/paths.hpp"
#include "kiln/cost/delays.hpp"
#include "kiln/cost/settle.hpp"

namespace kiln::cost {
namespace {

using testing::HasSubstr;

config::ChipConfig shipped_chip(const std::string& name, const std::vector<std::string>& set = {}) {
  return config::load_chip(std::string(KILN_SOURCE_DIR) + "/configs/chip/" + name + ".json", set).value();
}
config::ModelConfig shipped_model(const std::string& name) {
  return config::load_model(std::string(KILN_SOURCE_DIR) + "/configs/model/" + name + ".json").value();
}
std::vector<ClockPath> paths_at(const config::ChipConfig& chip) {
  return clock_paths(placed(chip), recipe_of(4), shipped_tech("n6"), 0.5);
}
base::Result<config::ChipConfig> settled(const config::ChipConfig& chip, const config::TechConfig& tech) {
  const auto made = settle(small_model(), recipe_of(4), chip, {}, tech);
  if (!made) return made.error();
  return made->placement.chip();
}
const ClockPath& path_of(const std::vector<ClockPath>& paths, const std::string& name) {
  return *std::ranges::find(paths, name, &ClockPath::name);
}

TEST(Latency, FloorIsTheDepthOverWhatACycleLeaves) {
  auto chip = small_chip();
  const ClockPath squares = path_of(paths_at(chip), "sum of squares");
  // 880 ps a cycle less a register's 32; wires half of the gates, a fifth for cuts.
  const double work = (delays::select(1) + depths::squares(64)) * 7.2 * 1.5 * 1.2;
  EXPECT_EQ(squares.floor_cycles, std::ceil(work / (880 - 32)));
  EXPECT_EQ(squares.key, "/vector/sum_cycles");
  EXPECT_NEAR(squares.delay_ps.typical, work + chip.vector.sum_cycles * 32, 1e-9);
  chip.clock_mhz = 4000;
  EXPECT_EQ(path_of(paths_at(chip), "sum of squares").floor_cycles, std::ceil(work / (220 - 32)));
}

TEST(Latency, BelowItsFloorIsAPathThatIsNotMet) {
  auto chip = small_chip();
  chip.clock_mhz = 3000;
  const std::uint32_t floor = path_of(paths_at(chip), "SiLU").floor_cycles;
  ASSERT_GT(floor, 2U);
  for (const std::uint32_t cycles : {floor - 1, floor, floor + 1}) {
    chip.vector.silu_cycles = cycles;
    const ClockPath path = path_of(paths_at(chip), "SiLU");
    EXPECT_EQ(path.floor_cycles, floor);
    EXPECT_EQ(path.cycles, cycles);
    EXPECT_EQ(path.meets_typical(), cycles >= floor) << cycles;
    EXPECT_EQ(path.slack_ps() >= 0, cycles >= floor) << cycles;
  }
}

TEST(Latency, OfALoopIsACycleHoweverManyTheConfigGives) {
  auto chip = small_chip();
  chip.clock_mhz = 5000;
  chip.sampler.compare_cycles = 4096;
  const ClockPath loop = path_of(paths_at(chip), "keep the largest logits");
  EXPECT_EQ(loop.key, "");
  EXPECT_EQ(loop.cycles, 1U);
  // Lists of eight: four comparisons of 32 bits one after the other, each with a multiplexer.
  EXPECT_DOUBLE_EQ(loop.delay_ps.typical, 4 * (2 + 5 * 1.5 + 1.5) * 7.2 * 1.5 + 32);
  EXPECT_FALSE(loop.meets_typical());
}

TEST(Latency, FloorsOfTreesGrowWithTheirLanes) {
  EXPECT_GT(depths::residual_add(128), depths::residual_add(64));
  EXPECT_GT(depths::squares(128), depths::squares(64));
  EXPECT_GT(depths::tree_level(16), depths::tree_level(4));
  EXPECT_GT(depths::dot_product(32), depths::dot_product(16));
  EXPECT_GT(depths::value_sum(96), depths::value_sum(4));
  EXPECT_GT(depths::best_of(128, 8), depths::best_of(64, 8));
  EXPECT_GT(depths::best_loop(8), depths::best_loop(4));
  EXPECT_GT(depths::turn_loop(64), depths::turn_loop(1));
  EXPECT_GT(depths::adapter_sum(4096), depths::adapter_sum(64));
}

/// A chip with tiles of all kinds, an adapter's SRAM and several dies.
TEST(Latency, HasAPathOfItsNameWhereverItIs) {
  for (const std::string name : {"hc1", "hc1-pipelined", "hc1-x10", "hnlpu", "roma", "demo", "demo-bit-serial"}) {
    auto chip = shipped_chip(name);
    chip.chips.count = 2;
    chip.lora = config::LoraConfig{};
    config::for_each_latency(chip, [](const std::string&, std::uint32_t& cycles) { cycles = 1; });
    const auto placement = program::Placement::create(shipped_model("llama-3.2-1b"), recipe_of(4), chip);
    ASSERT_TRUE(placement.ok()) << name << placement.error().message;
    std::set<std::string> keys;
    for (const Path& path : all_paths(*placement, recipe_of(4), shipped_tech("n6"), 1)) keys.insert(path.key);
    config::for_each_latency(chip, [&](const std::string& key, const std::uint32_t&) {
      const bool tile =
          key.find("_select/") != key.npos || key.find("_serial/") != key.npos || key.find("_mac/") != key.npos;
      const bool of_a_tree = key == "/reduction/level_cycles";  // one tile over the inputs has none
      const bool link = key.starts_with("/link/");              // the floorplan's
      EXPECT_TRUE(tile || of_a_tree || link || keys.contains(key)) << name << " " << key;
    });
    const std::string kind = chip.tile.microarchitecture;
    for (const auto& [key, cycles] : chip.tile.parameters[kind])
      EXPECT_TRUE(!key.ends_with("_cycles") || keys.contains("/tile/" + kind + "/" + key)) << name << " " << key;
  }
}

TEST(Latency, HighestClockIsTheOneAtWhichTheSlowestPathIsJustMet) {
  auto chip = small_chip();
  const std::uint32_t highest = highest_clock_mhz(paths_at(chip), chip.clock_mhz);
  EXPECT_GT(highest, 100U);
  const auto met_at = [&](std::uint32_t mhz) {
    chip.clock_mhz = mhz;
    return std::ranges::all_of(paths_at(chip), &ClockPath::meets_typical);
  };
  chip.host.latency_cycles = 1000;  // a frame to the host is counted with the rest here
  EXPECT_TRUE(met_at(highest));
  EXPECT_FALSE(met_at(highest + 1));
  EXPECT_EQ(highest_clock_mhz(paths_at(chip), highest + 1), highest) << "whatever the clock it is asked at";
  EXPECT_EQ(highest_clock_mhz({}, 1000), 10000U) << "what a config may have";
}

TEST(Latency, HighestClockDoesNotCountTheFrameToTheHost) {
  auto chip = small_chip();
  const std::uint32_t highest = highest_clock_mhz(paths_at(chip), chip.clock_mhz);
  chip.host.latency_cycles = 1;
  EXPECT_FALSE(path_of(paths_at(chip), "a frame to or from the host").meets_typical());
  EXPECT_EQ(highest_clock_mhz(paths_at(chip), chip.clock_mhz), highest);
  chip.vector.silu_cycles = 1;
  EXPECT_LT(highest_clock_mhz(paths_at(chip), chip.clock_mhz), highest) << "others count";
}

TEST(Latency, LoopsLimitIsWhatNoLatencyMoves) {
  auto chip = small_chip();
  const auto with_all = [&](std::uint32_t cycles) {
    config::for_each_latency(chip, [&](const std::string&, std::uint32_t& each) { each = cycles; });
    for (auto& [key, value] : chip.tile.parameters[chip.tile.microarchitecture])
      if (key.ends_with("_cycles")) value = cycles;
    return paths_at(chip);
  };
  const auto limit = loops_limit(with_all(1), chip.clock_mhz);
  EXPECT_LT(highest_clock_mhz(with_all(1), chip.clock_mhz), limit.whole_mhz());
  EXPECT_DOUBLE_EQ(loops_limit(with_all(200), chip.clock_mhz).mhz, limit.mhz);
  EXPECT_EQ(highest_clock_mhz(with_all(200), chip.clock_mhz), limit.whole_mhz()) << "nothing else is left";
  EXPECT_EQ(path_of(paths_at(chip), limit.path).key, "");
  chip.clock_mhz = limit.whole_mhz();
  EXPECT_TRUE(path_of(paths_at(chip), limit.path).meets_typical());
  ++chip.clock_mhz;
  EXPECT_FALSE(path_of(paths_at(chip), limit.path).meets_typical());
  EXPECT_EQ(loops_limit({}, 1000).whole_mhz(), 10000U) << "what a config may have";
}

TEST(Latency, AutoIsItsFloor) {
  auto chip = small_chip();
  chip.clock_mhz = 2500;
  const auto wanted = paths_at(chip);
  config::for_each_latency(chip, [](const std::string&, std::uint32_t& cycles) { cycles = config::kAutomatic; });
  const auto resolved = settled(chip, shipped_tech("n6"));
  ASSERT_TRUE(resolved.ok()) << resolved.error().message;
  EXPECT_EQ(resolved->automatic, config::automatic_latencies(chip));
  EXPECT_TRUE(config::automatic_latencies(*resolved).empty());
  EXPECT_EQ(resolved->vector.silu_cycles, path_of(wanted, "SiLU").floor_cycles);
  EXPECT_EQ(resolved->sequencer.issue_cycles, path_of(wanted, "issue a token").floor_cycles);
  EXPECT_EQ(resolved->tile.accumulate_cycles, path_of(wanted, "scale, shift and add").floor_cycles);
  EXPECT_EQ(resolved->tile.parameters.at("rom_mac").at("read_cycles"), 1U) << "a kind that is not chosen";
  EXPECT_EQ(resolved->tile.parameters.at("rom_mac").at("mac_lanes"), 16U) << "no latency";
  // Not one cycle less of any of them, and all paths that have a latency are met.
  const Die die = cost::die(placed(*resolved), recipe_of(4), shipped_tech("n6")).value();
  for (const ClockPath& path : clock_paths(placed(*resolved), recipe_of(4), shipped_tech("n6"), die.tile_line_mm))
    EXPECT_TRUE(path.key.empty() || path.meets_typical()) << path.name;
}

TEST(Latency, AutoIsNotACycleMoreThanItsPathsAskFor) {
  auto chip = small_chip();
  chip.clock_mhz = 2500;
  config::for_each_latency(chip, [](const std::string&, std::uint32_t& cycles) { cycles = config::kAutomatic; });
  const auto tech = shipped_tech("n6");
  const auto resolved = settled(chip, tech).value();
  const double side = cost::die(placed(resolved), recipe_of(4), tech)->tile_line_mm;
  int tried = 0;
  for (const std::string& key : resolved.automatic) {
    auto less = resolved;
    bool can = false;
    config::for_each_latency(less, [&](const std::string& pointer, std::uint32_t& cycles) {
      if (pointer == key && cycles > 1) can = true, --cycles;
    });
    if (!can || key.starts_with("/link/")) continue;
    ++tried;
    const auto paths = clock_paths(placed(less), recipe_of(4), tech, side);
    EXPECT_TRUE(std::ranges::any_of(paths, [&](const auto& p) { return p.key == key && !p.meets_typical(); })) << key;
  }
  EXPECT_GT(tried, 15);
}

TEST(Latency, AutoOfAnArraysOwnTileIsItsOwn) {
  auto chip = small_chip();
  chip.tile.accumulate_cycles = config::kAutomatic;
  chip.tiles[4] = chip.tile;
  chip.tiles[4]->scale_lanes = 1;  // 64 columns take turns
  chip.clock_mhz = 4000;
  const auto resolved = settled(chip, shipped_tech("n6"));
  ASSERT_TRUE(resolved.ok()) << resolved.error().message;
  EXPECT_GT(resolved->tiles[4]->accumulate_cycles, resolved->tile.accumulate_cycles);
  EXPECT_EQ(resolved->automatic,
            (std::vector<std::string>{"/tile/accumulate_cycles", "/tiles/lm_head/accumulate_cycles"}));
}

TEST(Latency, AutoNeedsSiliconAndAClockThatAFlipFlopCanFollow) {
  auto chip = small_chip();
  chip.vector.add_cycles = config::kAutomatic;
  auto without = chip;
  without.silicon.reset();
  EXPECT_EQ(
      settled(without, shipped_tech("n6")).error().message,
      "chip small: /vector/add_cycles is \"auto\", but there is no /silicon; its technology and ROM cell are expected");
  auto tech = shipped_tech("n6");
  tech.flip_flop_ps = {1000, 1000, 1000, "G", "slow"};
  EXPECT_THAT(settled(chip, tech).error().message,
              HasSubstr("/vector/add_cycles is \"auto\", and at 1000 MHz not even 4096 cycles are enough"));
  chip.vector.add_cycles = 3;
  EXPECT_EQ(settled(without, tech).ok(), false);
  EXPECT_TRUE(settled(chip, tech).ok()) << "nothing to find";
}

TEST(Latency, AutoIsReadWhereALatencyIsAndNowhereElse) {
  const auto chip = shipped_chip("demo", {"vector.add_cycles=auto", "kv.read_cycles=3"});
  EXPECT_EQ(chip.vector.add_cycles, config::kAutomatic);
  EXPECT_THAT(chip.automatic, testing::Contains("/vector/add_cycles"));
  EXPECT_THAT(chip.automatic, testing::Not(testing::Contains("/kv/read_cycles")));
  EXPECT_THAT(config::to_json(chip), HasSubstr(R"("add_cycles":"auto")"));
  const std::string file = std::string(KILN_SOURCE_DIR) + "/configs/chip/demo.json";
  EXPECT_THAT(config::load_chip(file, {"kv.banks=auto"}).error().message,
              HasSubstr("/kv/banks is \"auto\"; allowed: an"));
  EXPECT_THAT(config::load_chip(file, {"kv.read_cycles=Auto"}).error().message,
              HasSubstr("allowed: an integer from 1 to 4096 cycles, or \"auto\""));
  EXPECT_THAT(config::load_chip(file, {"kv.read_cycles=0"}).error().message, HasSubstr("/kv/read_cycles is 0"));
}

}  // namespace
}  // namespace kiln::cost
