// Area per bit of macros: at the words that a technology gives, between them and beyond.
#include "cost/memory.hpp"

#include "cost/die_testing.hpp"

namespace kiln::cost {
namespace {

using base::Corner;

TEST(Macro, IsTheTablesAtItsWords) {
  const auto tech = shipped_tech("n6");
  for (std::size_t i = 0; i < config::kMacroWords.size(); ++i)
    for (const auto corner : base::kCorners) {
      EXPECT_DOUBLE_EQ(macro_um2_per_bit(tech.rom_um2_per_bit, config::kMacroWords[i], corner),
                       tech.rom_um2_per_bit[i].at(corner));
      EXPECT_DOUBLE_EQ(macro_um2_per_bit(tech.sram_um2_per_bit, config::kMacroWords[i], corner),
                       tech.sram_um2_per_bit[i].at(corner));
    }
}

TEST(Macro, IsLinearInOneOverWordsBetweenThem) {
  const auto tech = plain_silicon();  // 4, 2, 1.5, 1
  const auto at = [&](double words) { return macro_um2_per_bit(tech.rom_um2_per_bit, words, Corner::Typical); };
  EXPECT_DOUBLE_EQ(at(2 / (1.0 / 1024 + 1.0 / 2048)), 3);
  EXPECT_DOUBLE_EQ(at(2 / (1.0 / 2048 + 1.0 / 4096)), 1.75);
  EXPECT_DOUBLE_EQ(at(2 / (1.0 / 4096 + 1.0 / 8192)), 1.25);
  EXPECT_EQ(at(8193), 1);
  EXPECT_EQ(at(1e12), 1);
  EXPECT_DOUBLE_EQ(at(512), 8);  // a column's periphery of 4,096 um2 and no cells, as from 1,024 to 2,048
  EXPECT_DOUBLE_EQ(at(1), 4096);
  EXPECT_EQ(at(0), at(1));
}

TEST(Macro, FallsWithItsWordsInEveryShippedTechnology) {
  for (const auto* name : {"28nm", "n7", "n6", "n5"}) {
    const auto tech = shipped_tech(name);
    double before = 1e300;
    for (double words = 1; words < 20000; words *= 1.1) {
      const double now = macro_um2_per_bit(tech.rom_um2_per_bit, words, Corner::Typical);
      EXPECT_LE(now, before) << name << " " << words;
      before = now;
    }
  }
}

TEST(Macro, CornersStayInOrderBelowTheTable) {
  auto tech = plain_silicon();
  // Low falls steeply, high does not: continued by themselves they would cross.
  tech.rom_um2_per_bit[0] = {4, 4, 4, "G", "chosen"};
  tech.rom_um2_per_bit[1] = {0.5, 2, 4, "G", "chosen"};
  for (double words = 0; words < 20000; words = words * 1.2 + 1) {
    base::Range range;
    for (const auto corner : base::kCorners) range.at(corner) = macro_um2_per_bit(tech.rom_um2_per_bit, words, corner);
    ASSERT_LE(range.low, range.typical) << words;
    ASSERT_LE(range.typical, range.high) << words;
  }
}

TEST(Macro, ATableThatRisesIsNotContinuedBelowIt) {
  auto tech = plain_silicon();
  tech.rom_um2_per_bit[1] = {5, 5, 5, "G", "chosen"};
  EXPECT_EQ(macro_um2_per_bit(tech.rom_um2_per_bit, 16, Corner::Typical), 4);
}

}  // namespace
}  // namespace kiln::cost
