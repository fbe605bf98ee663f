// Wires over distances: widths and lengths by hand, what they take of a die, and their lengths against floorplans.
#include "cost/wires.hpp"

#include <algorithm>
#include <cmath>

#include "cost/die_testing.hpp"
#include "cost/tile_shape.hpp"
#include "kiln/cost/settle.hpp"

namespace kiln::cost {
namespace {

using config::Link;
using program::ArrayKind;
using program::Unit;

Bus bus_of(const program::Placement& placement, Link link, Unit from) {
  for (const Bus& bus : buses(placement))
    if (bus.link == link && bus.from == from) return bus;
  ADD_FAILURE() << "no such bus";
  return {};
}

TEST(Wires, HaveTheWidthOfWhatTheyCarry) {
  auto chip = small_chip();
  chip.link.beat_groups = 2;
  chip.reduction.outputs_per_cycle = 16;
  const auto placement = placed(chip);
  const auto wires = [&](Link link, Unit from) { return bus_of(placement, link, from).wires; };
  EXPECT_EQ(wires(Link::VectorToArray, Unit::VectorUnit), 128 * 8 + 2 * 12);  // codes, and an exponent a group
  EXPECT_EQ(wires(Link::ArrayToTree, Unit::OArray), 16 * 46);
  EXPECT_EQ(wires(Link::ArrayToTree, Unit::DownArray), 2 * 16 * 46);  // two tiles over its inputs
  EXPECT_EQ(wires(Link::TreeToVector, Unit::OTree), 128 * 32);
  EXPECT_EQ(wires(Link::SequencerToEmbedding, Unit::Sequencer), 32);
}

TEST(Wires, OfAStageAreThoseOfItsUnits) {
  auto chip = small_chip();
  EXPECT_EQ(buses(placed(chip), 0).size(), buses(placed(chip)).size());
  chip.schedule = config::Schedule::LayerPipelined;
  const auto placement = placed(chip);  // three layers and the head
  const auto has = [&](std::uint32_t stage, Link link) {
    const auto all = buses(placement, stage);
    return std::any_of(all.begin(), all.end(), [&](const Bus& bus) { return bus.link == link; });
  };
  EXPECT_TRUE(has(0, Link::SequencerToEmbedding));
  EXPECT_FALSE(has(1, Link::SequencerToEmbedding));
  EXPECT_TRUE(has(1, Link::VectorToAttention));
  EXPECT_FALSE(has(3, Link::VectorToAttention));
  EXPECT_TRUE(has(3, Link::TreeToSampler));
  EXPECT_TRUE(has(2, Link::VectorToVector));
  EXPECT_FALSE(has(3, Link::VectorToVector));
}

TEST(Wires, MoveTheBitsOfATokenInAllLayers) {
  const auto placement = placed(small_chip());
  const auto bits = [&](Link link, Unit from) { return bits_per_token(placement, bus_of(placement, link, from)); };
  EXPECT_EQ(bits(Link::ArrayToTree, Unit::DownArray), 3 * 64 * 2 * 46);
  EXPECT_EQ(bits(Link::ArrayToTree, Unit::LmHeadArray), 96 * 46);
  EXPECT_EQ(bits(Link::TreeToVector, Unit::GateUpTree), 3 * 256 * 32);
  EXPECT_EQ(bits(Link::VectorToAttention, Unit::VectorUnit), 3 * (64 + 2 * 32) * 32);
  EXPECT_EQ(bits(Link::AttentionToVector, Unit::Attention), 3 * 64 * 32);
  EXPECT_EQ(bits(Link::EmbeddingToVector, Unit::EmbeddingRom), 64 * 32);
}

TEST(Wires, AreAsLongAsTheStageIsWide) {
  const StageArea area{100, {{Unit::VectorUnit, 4}, {Unit::Attention, 9}}};
  const auto of = [&](Link link, Unit from, Unit to) { return length({link, from, to, 1}, area); };
  EXPECT_DOUBLE_EQ(of(Link::ArrayToTree, Unit::OArray, Unit::OTree).mean_mm, 5);
  EXPECT_DOUBLE_EQ(of(Link::ArrayToTree, Unit::OArray, Unit::OTree).farthest_mm, 6.5);
  EXPECT_DOUBLE_EQ(of(Link::VectorToAttention, Unit::VectorUnit, Unit::Attention).farthest_mm, (2 + 3) / 2.0);
  EXPECT_DOUBLE_EQ(of(Link::VectorToVector, Unit::VectorUnit, Unit::VectorUnit).mean_mm, 10);
}

TEST(Wires, OfATilePassEveryRowOfItsMacros) {
  // Macros of 64 outputs and 48 words of n um2: rows of that height; four inputs, sixteen products of sixteen bits.
  auto tech = plain_silicon();
  for (auto& density : tech.rom_um2_per_bit) density = {3, 3, 3, "G", "chosen"};
  const auto placement = placed(small_chip());
  const double row_mm = std::sqrt(64 * 48 * 3.0) / 1000;
  const TileShape shape = tile_shape(placement, ArrayKind::Down, 3, 8, tech);
  EXPECT_DOUBLE_EQ(shape.side_mm, 2);  // two tiles of 4 mm2
  EXPECT_NEAR(shape.column_mm, 4 / row_mm / 64, 1e-12);
  EXPECT_DOUBLE_EQ(shape.way_mm(), 4);
  EXPECT_NEAR(line_bit_mm(placement, recipe_of(4), ArrayKind::Down, 3, 8, tech), 2 * 4 * 256 * 4 / row_mm, 1e-6);
  tech.column_load_um = {1, 3 * shape.column_mm * 1000, 1e9, "G", "chosen"};
  EXPECT_NEAR(tile_shape(placement, ArrayKind::Down, 3, 8, tech).way_mm(), 4 * 2, 1e-9) << "four times the load";
}

TEST(Wires, TakeRepeatersAndTrackBeyondTheDiesOwn) {
  auto tech = plain_silicon();
  const Die without = die_of(placed(small_chip()), tech);
  set(tech.repeater_um2_per_bit_mm, 3);
  const Die with = die_of(placed(small_chip()), tech);
  EXPECT_GT(with.wire_bit_mm, 0);
  EXPECT_DOUBLE_EQ(with.wire_bit_mm, without.wire_bit_mm);
  const Part* repeaters = find_part(with, Unit::Links, "repeaters");
  ASSERT_NE(repeaters, nullptr);
  EXPECT_DOUBLE_EQ(repeaters->area_mm2.typical, with.wire_bit_mm * 3e-6);
  EXPECT_DOUBLE_EQ(repeaters->transistors.typical, with.wire_bit_mm * 32);
  EXPECT_NEAR(with.area_mm2.typical - without.area_mm2.typical, with.wire_bit_mm * 3e-6, 1e-9);

  // Half as much track as the die has takes nothing, twice as much doubles the die.
  const double all_um = without.area_mm2.typical / without.wire_bit_mm * 1000;
  set(tech.repeater_um2_per_bit_mm, 0);
  tech.wire_track_um = {0, all_um / 2, all_um * 2, "G", "chosen"};
  const Die crowded = die_of(placed(small_chip()), tech);
  EXPECT_EQ(crowded.area_mm2.typical, without.area_mm2.typical);
  tech.wire_track_um = {all_um / 2, all_um * 2, all_um * 2, "G", "chosen"};
  EXPECT_NEAR(die_of(placed(small_chip()), tech).area_mm2.typical, 2 * without.area_mm2.typical,
              1e-9 * without.area_mm2.typical);
  expect_sound(crowded);
}

TEST(Wires, OfMoreLanesInTheTreeTakeMore) {
  auto chip = small_chip();
  chip.reduction.outputs_per_cycle = 16;
  const double few = die_of(placed(chip)).wire_bit_mm;
  chip.reduction.outputs_per_cycle = 32;
  EXPECT_GT(die_of(placed(chip)).wire_bit_mm, few);
  chip.tile.inputs_per_cycle = 8;
  const double four = few;
  chip.reduction.outputs_per_cycle = 16;
  EXPECT_GT(die_of(placed(chip)).wire_bit_mm, four) << "product lines of eight inputs";
}

/// Manhattan distances from the tiles of an array to the centre of its tree, of a die's side.
struct Reach {
  double mean = 0, farthest = 0;
};
Reach reach(const Die& die, ArrayKind kind) {
  const auto block = [&](Unit unit) {
    const auto& all = die.plan.blocks;
    return *std::find_if(all.begin(), all.end(), [&](const auto& placed) { return placed.block.unit == unit; });
  };
  const auto array = block(program::array_unit(kind)), tree = block(program::tree_unit(kind));
  const auto grid = floorplan::tile_grid(array);
  Reach reach;
  for (std::uint64_t i = 0; i < array.block.tiles; ++i) {
    const double x = array.place.x_mm + array.place.width_mm * (static_cast<double>(i % grid.columns) + 0.5) /
                                            static_cast<double>(grid.columns);
    const double y = array.place.y_mm + array.place.height_mm * (static_cast<double>(i / grid.columns) + 0.5) /
                                            static_cast<double>(grid.rows);
    const double mm = std::abs(x - tree.place.x_mm - tree.place.width_mm / 2) +
                      std::abs(y - tree.place.y_mm - tree.place.height_mm / 2);
    const double side = std::sqrt(die.plan.die_mm2());
    reach.mean += mm / side / static_cast<double>(array.block.tiles);
    reach.farthest = std::max(reach.farthest, mm / side);
  }
  return reach;
}

TEST(Wires, OfSumsAreAsLongAsOnTheFloorplansOfTheHc1Family) {
  const std::string configs = std::string(KILN_SOURCE_DIR) + "/configs/";
  const auto model = config::load_model(configs + "model/llama-3.1-8b.json").value();
  const auto recipe = config::load_recipe(configs + "recipe/w3w6.json").value();
  for (const std::string name : {"hc1", "hc1-cell-per-weight"}) {
    const auto chip = config::load_chip(configs + "chip/" + name + ".json").value();
    const auto made = settle(model, recipe, chip, {}, shipped_tech(chip.silicon->technology));
    ASSERT_TRUE(made.ok() && made->die) << name;
    const auto& placement = made->placement;
    const Die& die = *made->die;
    // Each array's bus counts with its rows of tiles.
    double mean = 0, farthest = 0, rows = 0;
    for (const auto kind : {ArrayKind::Qkv, ArrayKind::O, ArrayKind::GateUp, ArrayKind::Down, ArrayKind::LmHead}) {
      const double tiles = placement.array(kind).tiles_over_inputs;
      mean += tiles * reach(die, kind).mean;
      farthest += tiles * reach(die, kind).farthest;
      rows += tiles;
    }
    EXPECT_NEAR(mean / rows, 0.5, 0.1) << name;
    EXPECT_NEAR(farthest / rows, 0.65, 0.1) << name;
  }
}

}  // namespace
}  // namespace kiln::cost
