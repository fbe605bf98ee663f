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

TEST(Ports, OfACellAddToBothOfItsSides) {
  const auto tech = shipped_tech("n6");
  EXPECT_EQ(sram_ports(tech, 1).area(), (base::Range{1, 1, 1}));
  EXPECT_EQ(sram_ports(tech, 1).transistors(), 1);
  const Ports two = sram_ports(tech, 2);
  EXPECT_EQ(two.copies, 1);
  EXPECT_DOUBLE_EQ(two.area().low, 1.2 * 1.085);
  EXPECT_DOUBLE_EQ(two.area().typical, 1.342 * 1.25);
  EXPECT_DOUBLE_EQ(two.area().high, 1.342 * 1.5);
  EXPECT_DOUBLE_EQ(two.transistors(), 8 / 6.0);
  EXPECT_DOUBLE_EQ(two.line().typical, std::sqrt(1.342 * 1.25));
  // The low case is that of published cells: eight transistors 1.3 times, twelve for four ports twice one of six.
  EXPECT_NEAR(two.area().low, 1.3, 0.01);
  EXPECT_NEAR((1 + 3 * tech.sram_port_height.low) * (1 + 3 * tech.sram_port_width.low), 2.0, 0.01);
}

TEST(Ports, AreCopiesWhereThoseAreSmaller) {
  const auto tech = shipped_tech("n6");
  const auto typical = [&](std::uint32_t ports) { return sram_ports(tech, ports).area().typical; };
  EXPECT_DOUBLE_EQ(typical(3), (1 + 2 * 0.342) * (1 + 2 * 0.25));
  // Four ports in a cell are 3.5 times as large as one; two copies with two each 3.4.
  EXPECT_EQ(sram_ports(tech, 4).copies, 2);
  EXPECT_DOUBLE_EQ(typical(4), 2 * 1.342 * 1.25);
  EXPECT_EQ(sram_ports(tech, 5).copies, 1);
  // Six ports in a cell are 6.1 times as large as one; three copies with two each 5.0.
  EXPECT_EQ(sram_ports(tech, 6).copies, 3);
  EXPECT_DOUBLE_EQ(typical(6), 3 * 1.342 * 1.25);
  EXPECT_DOUBLE_EQ(sram_ports(tech, 6).transistors(), 3 * 8 / 6.0);
  EXPECT_EQ(sram_ports(tech, 8).copies, 4);
  for (std::uint32_t ports = 2; ports <= 8; ++ports) {
    EXPECT_GE(typical(ports), typical(ports - 1)) << ports;
    EXPECT_GT(sram_ports(tech, ports).transistors(), 1) << ports;
    EXPECT_LE(typical(ports), ports) << ports;
    EXPECT_GE(sram_ports(tech, ports).copies * sram_ports(tech, ports).of_a_copy, ports);
  }
}

}  // namespace
}  // namespace kiln::cost
