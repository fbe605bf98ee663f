// Paths against the clock, with delays by hand.
#include <algorithm>

#include "cost/die_testing.hpp"

namespace kiln::cost {
namespace {

std::vector<ClockPath> paths_of(const config::ChipConfig& chip, double line = 0) {
  return clock_paths(placed(chip), recipe_of(4), shipped_tech("n6"), line);
}

const ClockPath* find(const std::vector<ClockPath>& paths, const std::string& name) {
  const auto at = std::find_if(paths.begin(), paths.end(), [&](const ClockPath& p) { return p.name == name; });
  return at == paths.end() ? nullptr : &*at;
}

TEST(ClockPath, OfASelectionIsItsGatesAndARegister) {
  const auto paths = paths_of(small_chip());
  const ClockPath* path = find(paths, "select and accumulate");
  ASSERT_NE(path, nullptr);
  // One of 16 (four multiplexers), four inputs (four levels of full adders), 21 bits (5 levels).
  const double fo4 = 4 * 1.5 + 4 * 3 + (2 + 5 * 1.5);
  // With wires half as much again; an eighth of the nanosecond is the clock's.
  EXPECT_DOUBLE_EQ(path->delay_ps.typical, fo4 * 7.2 * 1.5 + 32);
  EXPECT_DOUBLE_EQ(path->delay_ps.low, fo4 * 6 * 1.5 + 18);
  EXPECT_DOUBLE_EQ(path->available_ps, 880);
  EXPECT_EQ(path->key, "");
}

TEST(ClockPath, AcrossATileTakesItsWire) {
  const auto near = paths_of(small_chip()), far = paths_of(small_chip(), 2);
  const auto* name = "form a product, drive it over the tile";
  ASSERT_NE(find(near, name), nullptr);
  EXPECT_NEAR(find(far, name)->delay_ps.typical - find(near, name)->delay_ps.typical, 2 * 175 * 1.2,
              1e-9);                                       // a fifth more, because it is cut
  EXPECT_DOUBLE_EQ(find(near, name)->available_ps, 1760);  // product_cycles
  EXPECT_EQ(find(near, name)->key, "/tile/product_select/product_cycles");
}

TEST(ClockPath, AFasterClockLeavesLessTimeForTheSameDelay) {
  auto chip = small_chip();
  chip.clock_mhz = 1;
  const auto slow = paths_of(chip);
  chip.clock_mhz = 10000;
  const auto fast = paths_of(chip);
  ASSERT_EQ(slow.size(), fast.size());
  for (std::size_t i = 0; i < slow.size(); ++i) {
    EXPECT_EQ(slow[i].name, fast[i].name);
    EXPECT_EQ(slow[i].delay_ps, fast[i].delay_ps);
    EXPECT_DOUBLE_EQ(slow[i].available_ps, fast[i].available_ps * 10000);
    EXPECT_TRUE(slow[i].meets_typical()) << slow[i].name;
  }
  EXPECT_FALSE(find(fast, "select and accumulate")->meets_typical());
}

TEST(ClockPath, MeetsTheClockUpToItsTypicalDelay) {
  ClockPath path{"x", {100, 200, 300}, 200};
  EXPECT_TRUE(path.meets_typical());
  path.available_ps = 199.9;
  EXPECT_FALSE(path.meets_typical());
}

TEST(ClockPath, ThereIsAReadOfRomExceptOfWires) {
  for (const std::string kind : {"product_select", "bit_serial", "rom_mac"}) {
    const auto paths = paths_of(small_chip(kind));
    const ClockPath* read = find(paths, "read a row of ROM");
    ASSERT_NE(read, nullptr);
    EXPECT_DOUBLE_EQ(read->delay_ps.typical, 500 + 32);
    EXPECT_DOUBLE_EQ(read->available_ps, kind == "bit_serial" ? 7040 : 1760);
  }
  EXPECT_EQ(find(paths_of(wired_chip()), "read a row of ROM"), nullptr);
}

TEST(ClockPath, OtherMemoriesHaveTheCyclesOfTheirUnits) {
  auto chip = small_chip();
  chip.kv.read_cycles = 3;
  chip.embedding.read_cycles = 5;
  const auto paths = paths_of(chip);
  EXPECT_DOUBLE_EQ(find(paths, "read a word of keys or values")->available_ps, 2640);
  // Sixteen banks: seven levels of multiplexers to the lanes.
  EXPECT_DOUBLE_EQ(find(paths, "read a word of keys or values")->delay_ps.typical, 450 + 7 * 1.5 * 7.2 * 1.5 + 32);
  EXPECT_DOUBLE_EQ(find(paths, "read a row of the embedding")->available_ps, 4400);
}

TEST(ClockPath, OfADeepMemoryHasTheChoiceOfItsMacros) {
  auto chip = small_chip();
  const auto* words = "read a word of keys or values";
  const double shallow = find(paths_of(chip), words)->delay_ps.typical;
  chip.kv.depth_words = 4 * 8192 / 3;  // of three layers: four macros of 8,192 words, two levels
  EXPECT_NEAR(find(paths_of(chip), words)->delay_ps.typical - shallow, 2 * 1.5 * 7.2 * 1.5, 1e-9);
  chip.kv.ports = 4;  // four times as many words: two bits more, four levels
  EXPECT_NEAR(find(paths_of(chip), words)->delay_ps.typical - shallow, 6 * 1.5 * 7.2 * 1.5, 1e-9);
}

TEST(ClockPath, OfAKindIsTheOneWithTheLeastSlack) {
  auto chip = small_chip();
  const double before = find(paths_of(chip), "select and accumulate")->delay_ps.typical;
  chip.tiles[4] = chip.tile;
  chip.tiles[4]->inputs_per_cycle = 64;
  EXPECT_GT(find(paths_of(chip), "select and accumulate")->delay_ps.typical, before);
  chip.tiles[4]->inputs_per_cycle = 1;
  EXPECT_EQ(find(paths_of(chip), "select and accumulate")->delay_ps.typical, before);
}

TEST(ClockPath, TilesOfSeveralMicroarchitecturesHaveThePathsOfEach) {
  auto chip = small_chip();
  chip.tiles[3] = small_chip("bit_serial").tile;
  chip.tiles[4] = small_chip("rom_mac").tile;
  const auto paths = paths_of(chip);
  for (const auto* name : {"select and accumulate", "count a plane's bits", "multiply and add the counts",
                           "look up and multiply", "accumulate", "scale, shift and add"})
    EXPECT_NE(find(paths, name), nullptr) << name;
}

}  // namespace
}  // namespace kiln::cost
