// Area, transistors and leakage of a die: bits by hand, cells, stages, chips, and 100 drawn chips.
#include "kiln/cost/die.hpp"

#include <gmock/gmock.h>

#include "cost/die_testing.hpp"
#include "cost/unplaced_die.hpp"
#include "support/random_chip.hpp"

namespace kiln::cost {
namespace {

using config::RomCell;
using program::Unit;
using testing::HasSubstr;

std::string refusal(const config::ChipConfig& chip) {
  const auto made = die(placed(chip), recipe_of(4), plain_silicon());
  return made ? "" : made.error().message;
}

constexpr double kLayerWeights = 64 * 128 + 64 * 64 + 64 * 256 + 128 * 64;
constexpr double kLayerRows = 128 + 64 + 256 + 64;

TEST(Die, RomBitsAreCodesAndScales) {
  // Of a row: eight bits for each group of inputs, and 32; down has two groups.
  const double layer = kLayerWeights * 4 + kLayerRows * 40 + 64 * 8;
  const double head = 64 * 96 * 4 + 96 * 40, embedding = 64 * 96 * 4 + 96 * 40;
  const double norms = 7 * 64 * 32;  // two a layer and the last
  EXPECT_EQ(die_of(placed(small_chip())).rom_bits, 3 * layer + head + embedding + norms);
}

TEST(Die, UnplacedIsTheSameButForItsFloorplan) {
  const auto chip = placed(small_chip());
  const Die whole = die_of(chip), bare = unplaced_die(chip, recipe_of(4), plain_silicon()).value();
  for (const auto corner : base::kCorners) {
    EXPECT_EQ(bare.area_mm2.at(corner), whole.area_mm2.at(corner));
    EXPECT_EQ(bare.transistors.at(corner), whole.transistors.at(corner));
    EXPECT_EQ(bare.leakage_w.at(corner), whole.leakage_w.at(corner));
  }
  EXPECT_EQ(bare.parts.size(), whole.parts.size());
  EXPECT_EQ(bare.wire_bit_mm, whole.wire_bit_mm);
  EXPECT_EQ(bare.tile_line_mm, whole.tile_line_mm);
  EXPECT_FALSE(whole.plan.blocks.empty());
  EXPECT_TRUE(bare.plan.blocks.empty());
  EXPECT_TRUE(bare.wires.empty());
}

TEST(Die, RomBitsAreTheSameWhateverCellsHoldThem) {
  auto chip = wired_chip();
  const double wired = die_of(placed(chip)).rom_bits;
  for (const auto cell : {RomCell::TransistorPerBit, RomCell::TransistorPerWeight}) {
    chip.silicon->rom_cell = cell;
    EXPECT_EQ(die_of(placed(chip)).rom_bits, wired);
  }
}

TEST(Die, SramBitsAreKeysValuesExponentsAndScores) {
  auto chip = small_chip();
  chip.kv.banks = 8;
  chip.kv.depth_words = 64;
  chip.kv.width_bytes = 16;
  // A token takes two words of keys and two of values: 128 tokens. A score a query head and token.
  const double layer = 8.0 * 8 * 64 * 16 + 128 * 2 * 9;
  EXPECT_EQ(die_of(placed(chip)).sram_bits, 3 * layer + 32 * 2 * 128);
  chip.lora = config::LoraConfig{};
  chip.lora->sram_kib = 5;
  EXPECT_EQ(die_of(placed(chip)).sram_bits, 3 * layer + 32 * 2 * 128 + 5 * 8192);
}

TEST(Die, AreaOfRomIsBitsInMacrosOfAllLayersWords) {
  // 64 rows, four a step, 3 layers: 48 words, 64 tables' distances below 1,024; each costs what 1,024 to 2,048 saves.
  const double um2 = 4 + 2 * ((1.0 / 48 - 1.0 / 1024) / (1.0 / 1024 - 1.0 / 2048));
  const Die die = die_of(placed(small_chip()));
  const Part* part = find_part(die, Unit::OArray, "weights");
  ASSERT_NE(part, nullptr);
  EXPECT_DOUBLE_EQ(part->area_mm2.typical, 3 * 64 * 64 * 4 * um2 * 1e-6);
  EXPECT_DOUBLE_EQ(part->area_mm2.low, part->area_mm2.typical / 2);
  EXPECT_EQ(part->transistors.typical, 3 * 64 * 64 * 4);
  EXPECT_DOUBLE_EQ(part->leakage_w.high, part->area_mm2.high * 2);
}

TEST(Die, LogicIsTransistorsTimesOverheadAndArea) {
  auto tech = plain_silicon();
  set(tech.logic_overhead, 1.5);
  set(tech.logic_um2_per_transistor, 0.01);
  set(tech.logic_leakage_w_per_mm2, 0.1);
  const Die die = die_of(placed(small_chip()), tech);
  const Part* part = find_part(die, Unit::OArray, "control");
  ASSERT_NE(part, nullptr);
  EXPECT_DOUBLE_EQ(part->transistors.typical, 6400 * 1.5);
  EXPECT_DOUBLE_EQ(part->transistors.low, 6400 * 0.75);
  EXPECT_DOUBLE_EQ(part->area_mm2.typical, 6400 * 1.5 * 0.01e-6);
  EXPECT_DOUBLE_EQ(part->area_mm2.high, 6400 * 3 * 0.02e-6);
  EXPECT_DOUBLE_EQ(part->leakage_w.typical, part->area_mm2.typical * 0.1);
}

TEST(Die, ACellPerWeightTakesTheAreaThatTheTechnologySays) {
  auto chip = small_chip();
  const Die bits = die_of(placed(chip));
  chip.silicon->rom_cell = RomCell::TransistorPerWeight;
  auto tech = plain_silicon();
  tech.weight_cell_rom_bits = {2, 2, 2, "G", "chosen"};
  const auto of = [](const Die& die) { return *find_part(die, Unit::GateUpArray, "weights"); };
  const Die cells = die_of(placed(chip), tech);
  EXPECT_DOUBLE_EQ(of(cells).area_mm2.typical, of(bits).area_mm2.typical * 2 / 4);
  EXPECT_DOUBLE_EQ(of(cells).transistors.typical, of(bits).transistors.typical / 4);
  // Of six bits: two cells each.
  const Die six = die_of(placed(chip, small_model(), recipe_of(6)), tech, recipe_of(6));
  EXPECT_DOUBLE_EQ(of(six).area_mm2.typical, of(cells).area_mm2.typical * 2);
}

TEST(Die, WiresHaveNoTransistorsAndTheirOwnArea) {
  auto tech = plain_silicon();
  set(tech.metal_um2_per_weight, 0.25);
  const Die die = die_of(placed(wired_chip()), tech);
  const Part* part = find_part(die, Unit::GateUpArray, "weights");
  ASSERT_NE(part, nullptr);
  EXPECT_EQ(part->transistors, base::Range{});
  EXPECT_DOUBLE_EQ(part->area_mm2.typical, 3 * 64 * 256 * 0.25e-6);
  EXPECT_GT(find_part(die, Unit::GateUpArray, "scales")->transistors.typical, 0);
}

TEST(Die, WiresAreRefusedWhereSomethingIsReadOneAfterTheOther) {
  EXPECT_EQ(refusal(wired_chip()), "");
  auto other = wired_chip();
  other.tile.microarchitecture = "product_select";
  EXPECT_THAT(refusal(other),
              HasSubstr("/silicon/rom_cell is `metal`, but array qkv has tiles of 64 rows, 64 in a step"));
  other = wired_chip();
  other.tile.inputs_per_cycle = 32;
  EXPECT_THAT(refusal(other), HasSubstr("64 rows, 32 in a step; expected `bit_serial` tiles whose rows are one step"));
  other = wired_chip();
  other.schedule = config::Schedule::LayerSerial;
  EXPECT_THAT(refusal(other), HasSubstr("and the schedule `layer_pipelined`"));
  other = wired_chip();
  other.tiles[3] = other.tile;
  other.tiles[3]->rows = 128;
  EXPECT_THAT(refusal(other), HasSubstr("array down has tiles of 128 rows"));
}

TEST(Die, AChipWithoutSiliconHasNone) {
  auto chip = small_chip();
  chip.silicon.reset();
  EXPECT_EQ(refusal(chip), "chip `small` has no /silicon; expected its technology and ROM cell");
}

TEST(Die, PartsAddUpForEveryMicroarchitectureAndCell) {
  for (const std::string kind : {"product_select", "bit_serial", "rom_mac"})
    for (const auto cell : {RomCell::TransistorPerBit, RomCell::TransistorPerWeight})
      for (const auto* name : {"28nm", "n7", "n6", "n5"}) {
        auto chip = small_chip(kind);
        chip.silicon->rom_cell = cell;
        expect_sound(die_of(placed(chip), shipped_tech(name)));
      }
}

TEST(Die, WhiteSpaceIsWhatPlacementAdds) {
  auto tech = plain_silicon();
  const double parts = die_of(placed(small_chip()), tech).area_mm2.typical;
  tech.placement_overhead = {1, 1.25, 1.5, "G", "chosen"};
  const Die die = die_of(placed(small_chip()), tech);
  EXPECT_DOUBLE_EQ(die.area_mm2.typical, parts * 1.25);
  EXPECT_FALSE(die.parts.back().unit.has_value());
  EXPECT_NEAR(die.parts.back().area_mm2.typical, parts * 0.25, 1e-12 * parts);
  EXPECT_EQ(die.parts.back().transistors, base::Range{});
}

TEST(Die, APipelineHasAPeripheryForEachLayer) {
  auto chip = small_chip();
  const Die serial = die_of(placed(chip));
  chip.schedule = config::Schedule::LayerPipelined;
  const Die pipeline = die_of(placed(chip));
  EXPECT_EQ(pipeline.stages, 4U);  // three layers and the head
  const auto times = [&](Unit unit, const char* what, double factor) {
    SCOPED_TRACE(what);
    ASSERT_NE(find_part(serial, unit, what), nullptr);
    EXPECT_DOUBLE_EQ(find_part(pipeline, unit, what)->area_mm2.typical,
                     find_part(serial, unit, what)->area_mm2.typical * factor);
  };
  for (const auto unit : {Unit::QkvArray, Unit::OArray, Unit::GateUpArray, Unit::DownArray})
    for (const auto* what : {"accumulators", "product banks", "scale lanes", "control", "input buffer"})
      times(unit, what, 3);
  times(Unit::OTree, "adders", 3);
  times(Unit::Attention, "scores", 3);
  times(Unit::VectorUnit, "lanes", 4);
  times(Unit::LmHeadArray, "accumulators", 1);
  times(Unit::Sampler, "comparisons", 1);
  times(Unit::EmbeddingRom, "weights", 1);
  EXPECT_EQ(pipeline.rom_bits, serial.rom_bits);
  // The same bits in macros of a third of the words.
  EXPECT_GT(find_part(pipeline, Unit::OArray, "weights")->area_mm2.typical,
            find_part(serial, Unit::OArray, "weights")->area_mm2.typical);
}

TEST(Die, OfSeveralChipsIsTheLargest) {
  auto chip = small_chip();
  EXPECT_EQ(find_part(die_of(placed(chip)), Unit::HostLink, "links to other chips"), nullptr);
  chip.chips.count = 2;
  const Die die = die_of(placed(chip));  // one layer, and two layers with the head
  EXPECT_EQ(die.layers, 2U);
  EXPECT_EQ(die.stages, 1U);
  EXPECT_NE(find_part(die, Unit::LmHeadArray, "weights"), nullptr);
  EXPECT_EQ(find_part(die, Unit::EmbeddingRom, "weights"), nullptr);
  ASSERT_NE(find_part(die, Unit::HostLink, "links to other chips"), nullptr);
  EXPECT_EQ(find_part(die, Unit::HostLink, "links to other chips")->area_mm2, (base::Range{0.5, 1, 2}));
  expect_sound(die);
}

TEST(Die, TheLineIsTwoSidesOfAnArraysTileAndNotOfTheEmbedding) {
  auto model = small_model();
  model.vocab_size = 60000;
  const Die die = die_of(placed(small_chip(), model));
  double side = 0, embedding = 0;
  for (const auto& placed : die.plan.blocks) {
    if (placed.block.unit == Unit::EmbeddingRom) embedding = std::sqrt(placed.block.area_mm2);
    if (placed.block.tiles == 938) side = std::sqrt(placed.block.area_mm2 / 938);  // the head's 60,000 / 64 columns
  }
  EXPECT_GT(side, 0);
  EXPECT_LT(die.tile_line_mm, 2 * embedding);
  EXPECT_GE(die.tile_line_mm, 2 * side);
}

TEST(Die, WhatNoWeightUsesCostsNothing) {
  for (const std::string kind : {"product_select", "bit_serial", "rom_mac"}) {
    auto chip = small_chip(kind);
    chip.tile.rows = 128;
    chip.tile.columns = chip.tile.scale_lanes = chip.tile.parameters["rom_mac"]["mac_lanes"] = 256;
    chip.tile.inputs_per_cycle = 64;
    const Die tight = die_of(placed(chip));
    chip.tile.rows = chip.tile.columns = chip.tile.scale_lanes = chip.tile.parameters["rom_mac"]["mac_lanes"] = 65536;
    if (kind != "bit_serial") chip.tile.inputs_per_cycle = 65536;
    const Die loose = die_of(placed(chip));
    EXPECT_EQ(loose.area_mm2, tight.area_mm2);
    EXPECT_EQ(loose.transistors, tight.transistors);
  }
}

TEST(Die, ExtremeTilesHaveFiniteFigures) {
  for (const std::string kind : {"product_select", "bit_serial", "rom_mac"})
    for (const std::uint32_t size : {1U, 65536U}) {
      auto chip = small_chip(kind);
      chip.tile.rows = chip.tile.columns = chip.tile.scale_lanes = size;
      chip.tile.inputs_per_cycle = kind == "bit_serial" ? 1 : size;
      chip.tile.parameters["rom_mac"]["mac_lanes"] = 65536;
      chip.kv.banks = 1;
      chip.clock_mhz = size == 1 ? 1 : 10000;
      const auto placement = placed(chip);
      const auto tech = shipped_tech("n6");
      const Die die = die_of(placement, tech);
      expect_sound(die);
      expect_sound(energy(placement, recipe_of(4), tech, die, small_run()));
    }
}

TEST(Die, TheEndsOfATechnologysRangesHaveFiniteFigures) {
  for (const bool least : {false, true}) {
    config::TechConfig tech;
    for (const auto& field : config::fields(tech)) {
      const double value = least ? field.minimum : field.maximum;
      *field.constant = {value, value, value, "G", "chosen"};
    }
    for (const auto& chip : {small_chip(), wired_chip()}) {
      const auto placement = placed(chip);
      const Die die = die_of(placement, tech);
      expect_sound(die);
      expect_sound(energy(placement, recipe_of(4), tech, die, small_run()));
      for (const auto& path : clock_paths(placement, recipe_of(4), tech, die.tile_line_mm))
        expect_in_order(path.delay_ps);
    }
  }
}

/// A technology whose constants are drawn around a shipped one's.
config::TechConfig drawn_tech(support::RandomConfigs& random) {
  const char* names[] = {"28nm", "n7", "n6", "n5"};
  config::TechConfig tech = shipped_tech(names[random.number(0, 3)]);
  for (const auto& field : config::fields(tech)) {
    double values[3];
    for (double& value : values)
      value = std::clamp(field.constant->typical * random.number(1, 300) / 100, field.minimum, field.maximum);
    std::sort(values, values + 3);
    field.constant->low = values[0];
    field.constant->typical = values[1];
    field.constant->high = values[2];
  }
  return tech;
}

TEST(Die, AHundredDrawnChipsAreFiniteOrderedAndAddUp) {
  const std::uint64_t seed = support::test_seed(20261123);
  support::RandomConfigs random(seed);
  for (int round = 0; round < 100; ++round) {
    SCOPED_TRACE(testing::Message() << "KILN_SEED=" << seed << " round " << round);
    const auto model = random.model();
    auto chip = random.chip(model, 16);
    chip.schedule = random.coin() ? config::Schedule::LayerSerial : config::Schedule::LayerPipelined;
    chip.chips.count = random.number(1, model.layers);
    chip.clock_mhz = random.number(1, 10000);
    if (random.coin()) chip.lora.reset();
    chip.silicon = config::SiliconConfig{"drawn", static_cast<RomCell>(random.number(0, 1))};
    if (random.number(0, 4) == 0) {
      chip.silicon->rom_cell = RomCell::Metal;
      chip.schedule = config::Schedule::LayerPipelined;
      support::for_each_tile(chip, [&](config::TileConfig& tile) {
        tile.microarchitecture = "bit_serial";
        tile.rows = tile.inputs_per_cycle = random.number(1, 64);
      });
    }
    config::BakeRecipe recipe;
    for (auto& format : recipe.formats) {
      const std::uint32_t bits[] = {2, 3, 4, 6, 8};
      format = {static_cast<int>(bits[random.number(0, 4)]), static_cast<config::CodebookKind>(random.number(0, 1))};
    }
    const auto tech = drawn_tech(random);
    const auto placement = placed(chip, model, recipe);
    const Die die = die_of(placement, tech, recipe);
    expect_sound(die);
    RunFigures run = small_run();
    run.tokens = random.number(1, 20);
    run.logits_tokens = random.number(0, static_cast<std::uint32_t>(run.tokens));
    if (random.coin()) run.toggles = Toggles{random.number(0, 100) / 100.0, random.number(0, 100) / 100.0};
    expect_sound(energy(placement, recipe, tech, die, run));
    for (const auto& path : clock_paths(placement, recipe, tech, die.tile_line_mm)) {
      expect_in_order(path.delay_ps);
      ASSERT_GT(path.available_ps, 0) << path.name;
    }
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace kiln::cost
