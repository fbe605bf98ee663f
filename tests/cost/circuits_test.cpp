// Transistors of circuits and of tiles, counted by hand.
#include "kiln/cost/circuits.hpp"

#include "cost/die_testing.hpp"
#include "cost/product_select.hpp"
#include "cost/tile.hpp"

namespace kiln::cost {
namespace {

using program::ArrayKind;

TEST(Circuits, AreCountedFromTheirCells) {
  using namespace circuits;
  EXPECT_EQ(registers(32), 768);
  EXPECT_EQ(adder(32), 896);
  EXPECT_EQ(select(4, 16), 3 * 16 * 6);
  EXPECT_EQ(select(1, 16), 0);
  EXPECT_EQ(multiplier(8, 8), 64 * 6 + 7 * 8 * 28);
  EXPECT_EQ(multiplier(8, 8), 1952);
  EXPECT_EQ(multiplier(1, 8), 8 * 6);
  EXPECT_EQ(shifter(32, 32), 32 * 5 * 6);
  EXPECT_EQ(shifter(32, 1), 0);
  EXPECT_EQ(float_multiplier(), 18912 + 2 * 224 + 672 + 144);
  EXPECT_EQ(float_adder(), 2 * 810 + 756 + 672 + 2 * 224 + 162);
}

TEST(Circuits, EnergyATransistorIsThatOfMultipliersAndAdders) {
  using namespace circuits;
  const double int8 = multiplier(8, 8) + adder(32) + registers(32);
  EXPECT_EQ(int8, 3616);
  const double binary32 = float_multiplier() + float_adder() + registers(32);
  EXPECT_EQ(binary32, 24602);
  for (const auto* name : {"n6", "n7"}) {
    const auto tech = shipped_tech(name);
    EXPECT_NEAR(tech.logic_fj_per_transistor.typical, 54 / int8, 5e-5) << name;
    EXPECT_NEAR(tech.logic_fj_per_transistor.low, 51 / int8, 5e-5) << name;
    EXPECT_NEAR(tech.logic_fj_per_transistor.high, 1090 / binary32, 5e-5) << name;
  }
}

TileCircuits o_array(const config::ChipConfig& chip) { return tile_circuits(placed(chip), recipe_of(4), ArrayKind::O); }

constexpr double kSumRegister = 46 * 24;
// Scale times step (11 bits) times P, the scale times the step, shift, rounding, register, sum.
constexpr double kLane = (11 * 21 * 6 + 10 * 21 * 28) + (24 * 6 + 2 * 8 * 28) + 960 + 32 * 28 + 32 * 24 + 46 * 28;

TEST(TileCircuits, OfProductSelect) {
  const TileCircuits c = o_array(small_chip());
  const double selector = 15 * 16 * 6, add = 21 * 28, hold = 21 * 24;
  EXPECT_EQ(c.accumulators, 64 * (4 * (selector + add) + 2 * hold + kSumRegister));
  EXPECT_EQ(c.products, 4 * 16 * (1952 + 2 * 16 * 24));  // a register in each of the two product_cycles
  EXPECT_EQ(c.bank, 16 * (1952 + 2 * 16 * 24));
  EXPECT_EQ(c.lines, 16 * 16);
  EXPECT_EQ(c.column_lines, 16 * 16);
  EXPECT_EQ(c.per_weight, selector + add + hold / 4);
  EXPECT_EQ(c.scale_lane, kLane);
  EXPECT_EQ(c.scales, 16 * (kLane + 3 * 6 * (21 + 46)));
  EXPECT_EQ(c.control, 6400);
  EXPECT_EQ(c.input, 24 * (64 * 8 + 12) + 15 * 32 * 6);
  EXPECT_EQ(c.product_flip_flops, 4 * 16 * 2 * 16);
  EXPECT_EQ(c.accumulator_flip_flops, 64 * (2 * 21 + 46));
  EXPECT_EQ(c.scale_flip_flops, 16 * 32);
  EXPECT_EQ(c.input_flip_flops, 64 * 8 + 12);
}

TEST(TileCircuits, EachCycleOfScalingHoldsTheScaledSum) {
  auto chip = small_chip();
  const TileCircuits two = o_array(chip);
  chip.tile.accumulate_cycles = 5;
  const TileCircuits five = o_array(chip);
  EXPECT_EQ(five.scales - two.scales, 3 * 16 * 32 * 24);
  EXPECT_EQ(five.scale_flip_flops - two.scale_flip_flops, 3 * 16 * 32);
}

TEST(TileCircuits, ATileHasABankForEachMatrixInIt) {
  const TileCircuits c = tile_circuits(placed(small_chip()), recipe_of(4), ArrayKind::Qkv);
  EXPECT_EQ(c.products, 3 * 4 * 16 * (1952 + 2 * 16 * 24));  // k and v in the first tile, q in the second
  EXPECT_EQ(c.lines * 2, 3 * 16 * 16);                       // mean of two tiles
  EXPECT_EQ(c.column_lines, 16 * 16);                        // a column is of one matrix
}

TEST(TileCircuits, OfProductSelectInCellsThatSelect) {
  auto chip = small_chip();
  chip.silicon->rom_cell = config::RomCell::TransistorPerWeight;
  EXPECT_EQ(o_array(chip).accumulators, 64 * (4 * 21 * 28 + 2 * 21 * 24 + kSumRegister));
  // A code of six bits is in two cells, whose products are added.
  const TileCircuits six = tile_circuits(placed(chip, small_model(), recipe_of(6)), recipe_of(6), ArrayKind::O);
  EXPECT_EQ(six.accumulators, 64 * (4 * (16 * 28 + 21 * 28) + 2 * 21 * 24 + kSumRegister));
}

TEST(TileCircuits, OfBitSerial) {
  const TileCircuits c = o_array(small_chip("bit_serial"));
  const double sums = 16 * (14 * 28 + 2 * 14 * 24);
  // Counts of up to four in each region, on their way for two of three cycles.
  const double underway = 2 * 16 * 3;
  EXPECT_EQ(c.accumulators, 64 * (16 * 4 * (28 + 6) + sums + underway * 24 + kSumRegister));
  EXPECT_EQ(c.accumulator_flip_flops, 64 * (16 * 2 * 14 + underway + 46));
  EXPECT_EQ(c.products, 0);
  EXPECT_EQ(c.lines, 1);
  // Each of eight planes is counted and goes into every region's sum.
  EXPECT_EQ(c.per_weight, 8 * (28 + (16 * (14 * 28 + 14 * 24) + underway * 24) / 4.0));
  // Products of 22 bits, on their way for two of three cycles.
  EXPECT_EQ(c.scale_lane, kLane + 16 * (8 * 14 * 6 + 7 * 14 * 28 + 21 * 28) + 2 * 16 * 22 * 24);
  EXPECT_EQ(c.scale_flip_flops, 16 * (32 + 2 * 16 * 22));
  EXPECT_EQ(c.scales, 16 * (c.scale_lane + 3 * 6 * (16 * 14 + 46)));
}

TEST(TileCircuits, OfBitSerialInWires) {
  const TileCircuits c = tile_circuits(placed(wired_chip()), recipe_of(4), ArrayKind::O);
  // Counts of up to 64 take seven bits.
  EXPECT_EQ(c.accumulators, 64 * (64 * 28 + 16 * (14 * 28 + 2 * 14 * 24) + 2 * 16 * 7 * 24 + kSumRegister));
}

TEST(TileCircuits, OfRomMac) {
  const TileCircuits c = o_array(small_chip("rom_mac"));
  // A code of four bits is held in the first of two cycles of its read, a product in both of its own.
  const double held = 4 + 2 * 16;
  const double mac = 15 * 8 * 6 + 1952 + held * 24 + 21 * 28;
  // Sixteen lanes for 64 columns: each chooses one of four sums.
  EXPECT_EQ(c.accumulators, 16 * (4 * mac + 3 * 21 * 6) + 64 * (2 * 21 * 24 + kSumRegister));
  EXPECT_EQ(c.accumulator_flip_flops, 16 * 4 * held + 64 * (2 * 21 + 46));
  EXPECT_EQ(c.per_weight, mac + 21 * 24 / 4.0);
  EXPECT_EQ(c.lines, 8);
}

TEST(TileCircuits, WideUniformCodesAreSelectedInTwoHalves) {
  using config::CodebookKind;
  EXPECT_EQ(selector({6, CodebookKind::Uniform}), 2 * 7 * 16 * 6 + 16 * 28);
  EXPECT_EQ(products_of({6, CodebookKind::Uniform}), 16);
  EXPECT_EQ(selector({8, CodebookKind::Uniform}), 2 * 15 * 16 * 6 + 16 * 28);
  EXPECT_EQ(products_of({8, CodebookKind::Uniform}), 32);
  EXPECT_EQ(selector({6, CodebookKind::KMeans}), 63 * 16 * 6);
  EXPECT_EQ(products_of({6, CodebookKind::KMeans}), 64);
  EXPECT_EQ(selector({4, CodebookKind::Uniform}), 15 * 16 * 6);
  EXPECT_EQ(products_of({3, CodebookKind::Uniform}), 8);
}

TEST(TileCircuits, WordsAreStepsTimesLayers) {
  config::TileConfig tile = small_chip().tile;
  EXPECT_EQ(rom_words(tile, 3), 16U * 3);
  tile.microarchitecture = "rom_mac";
  EXPECT_EQ(rom_words(tile, 3), 16U * 4 * 3);  // sixteen lanes for 64 columns
  tile.microarchitecture = "bit_serial";
  tile.rows = 100;
  tile.inputs_per_cycle = 48;  // a step takes inputs of one group: 48, 16, 36
  EXPECT_EQ(rom_words(tile, 1), 3U);
}

TEST(TileCircuits, ATileIsNoLargerThanItsArray) {
  auto chip = small_chip("rom_mac");
  chip.tile.rows = chip.tile.columns = chip.tile.scale_lanes = chip.tile.inputs_per_cycle = 65536;
  chip.tile.parameters["rom_mac"]["mac_lanes"] = 65536;
  const auto tile = used_tile(placed(chip), ArrayKind::GateUp);
  EXPECT_EQ(tile.rows, 64U);
  EXPECT_EQ(tile.columns, 256U);
  EXPECT_EQ(tile.scale_lanes, 256U);
  EXPECT_EQ(tile.inputs_per_cycle, 64U);
  EXPECT_EQ(tile.parameter("mac_lanes"), 256U);
  EXPECT_EQ(used_tile(placed(chip), ArrayKind::Down).inputs_per_cycle, 64U);  // of 128: a group
}

}  // namespace
}  // namespace kiln::cost
