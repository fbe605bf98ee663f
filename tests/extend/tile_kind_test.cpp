// A kind of tile registered from outside: its configs are read and refused like those of any other, its chips run in
// bursts and in beats, equal the closed form, compute the same values and have a cost; the RTL says that it has none.
// What cannot be a kind is refused with what it lacks.
#include "kiln/extend/tile_kind.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "base/mapped_file.hpp"
#include "chip/chip_testing.hpp"
#include "cost/tile.hpp"
#include "digit_serial.hpp"
#include "functional/functional_model.hpp"
#include "host/run.hpp"
#include "kiln/closed_form/closed_form.hpp"
#include "kiln/config/load.hpp"
#include "kiln/cost/die.hpp"
#include "kiln/cost/settle.hpp"
#include "rtl/rtl.hpp"
#include "support/random_chip.hpp"
#include "support/tile_kinds.hpp"
#include "support/toy_rom.hpp"

namespace kiln::extend {
namespace {

using ::testing::HasSubstr;

/// Once in a process, whatever tests it runs.
void know_digit_serial() {
  static const base::Status registered = register_tile_kind(digit_serial());
  ASSERT_TRUE(registered.ok()) << registered.error().message;
}

std::string shipped(const std::string& file) {
  return base::read_text_file(std::string(KILN_SOURCE_DIR) + "/configs/" + file).value();
}

const std::vector<config::Override> kDigits = {"tile.microarchitecture=digit_serial",
                                               R"(tile.digit_serial={"digit_bits":3,"multiply_cycles":4})"};

config::ChipConfig demo(std::vector<config::Override> more = {}) {
  more.insert(more.begin(), kDigits.begin(), kDigits.end());
  auto chip = config::parse_chip(shipped("chip/demo.json"), "demo.json", more);
  base::check(chip.ok(), chip.ok() ? "" : chip.error().message);
  return *chip;
}

/// On its tiles, with a number for everything that is auto.
base::Result<program::Placement> placed(const config::ModelConfig& model, const config::ChipConfig& chip) {
  auto made = cost::settle(model, {}, chip, {}, config::parse_tech(shipped("tech/28nm.json"), "28nm.json").value());
  if (!made) return made.error();
  return std::move(made->placement);
}

std::string refusal(const std::vector<config::Override>& overrides) {
  const auto chip = config::parse_chip(shipped("chip/demo.json"), "demo.json", overrides);
  return chip.ok() ? "" : chip.error().message;
}

/// The kind for all arrays of a random chip, or beside Kiln's own.
config::ChipConfig with_digits(support::RandomConfigs& random, const config::ModelConfig& model) {
  config::ChipConfig chip = random.chip(model, 24);
  const bool everywhere = random.coin();
  std::size_t array = 0;
  support::for_each_tile(chip, [&](config::TileConfig& tile) {
    if (!everywhere && array++ % 2 == 1) return;
    tile.microarchitecture = "digit_serial";
    tile.inputs_per_cycle = random.few(32);
    tile.parameters["digit_serial"] = {{"digit_bits", random.number(1, 8)}, {"multiply_cycles", random.few(20)}};
  });
  return chip;
}

TEST(OwnTile, IsUnknownUntilItIsRegistered) {
  if (config::tile_kind_names().size() > support::kOwnTileKinds)
    GTEST_SKIP() << "another test of this process has registered it";
  EXPECT_EQ(refusal({"tile.microarchitecture=digit_serial"}),
            "demo.json with --set tile.microarchitecture=digit_serial: /tile/microarchitecture is \"digit_serial\"; "
            "allowed: `product_select`, `bit_serial` or `rom_mac`.");
}

TEST(OwnTile, IsReadLikeAnyOther) {
  know_digit_serial();
  const config::ChipConfig chip =
      demo({"tiles.down.digit_serial.digit_bits=8", "reasons={}", "/reasons/~1tile~1digit_serial~1digit_bits=why not"});
  EXPECT_EQ(chip.tile.parameter("digit_bits"), 3U);
  EXPECT_EQ(chip.tiles[3]->parameter("digit_bits"), 8U);
  EXPECT_EQ(chip.tiles[3]->parameter("multiply_cycles"), 4U) << "inherited";
  const std::string canonical = config::to_json(chip);
  EXPECT_THAT(canonical, HasSubstr(R"("digit_serial":{"digit_bits":3,"multiply_cycles":4})"));
  EXPECT_EQ(config::to_json(config::parse_chip(canonical, "again").value()), canonical);

  EXPECT_THAT(refusal({"tile.microarchitecture=digit_serial"}),
              HasSubstr("/tile/digit_serial/digit_bits is missing; expected an integer from 1 to 8 bits."));
  EXPECT_THAT(refusal({kDigits[0], R"(tile.digit_serial={"digit_bits":9})"}),
              HasSubstr("/tile/digit_serial/digit_bits is 9; allowed: an integer from 1 to 8 bits."));
  EXPECT_THAT(
      refusal({kDigits[0], kDigits[1], "tile.inputs_per_cycle=33"}),
      HasSubstr("/tile/inputs_per_cycle is 33, but /tile/microarchitecture is `digit_serial`; allowed there: an "
                "integer from 1 to 32 inputs."));
  EXPECT_THAT(refusal({kDigits[0], R"(tile.digit_serial={"digit_bits":7,"multiply_cycles":4})"}),
              HasSubstr("/tile has digits of 7 bits; expected any other."));
  EXPECT_THAT(refusal({"tile.microarchitecture=digit"}),
              HasSubstr("allowed: `product_select`, `bit_serial`, `rom_mac` or `digit_serial`."));
  EXPECT_THAT(refusal({"tile.digit_bits=2"}), HasSubstr("it belongs to /tile/digit_serial."));
}

TEST(OwnTile, RunsInBurstsAndBeatsAsItsFormulaSays) {
  know_digit_serial();
  support::RandomConfigs random(support::test_seed(1407));
  for (int round = 0; round < 40; ++round) {
    const config::ModelConfig model = random.model();
    const auto placement = program::Placement::create(model, {}, with_digits(random, model));
    ASSERT_TRUE(placement.ok()) << placement.error().message;
    const std::uint64_t prompt = random.number(1, 6), answer = random.number(1, 6);
    const auto [bursts, events] = chip::watch(*placement, chip::timing_request(prompt, answer));
    const auto [beats, beat_events] =
        chip::watch(*placement, chip::timing_request(prompt, answer, chip::TransferMode::Beats));
    ASSERT_EQ(events, beat_events) << round;
    ASSERT_EQ(bursts.activity, beats.activity) << round;
    EXPECT_GT(bursts.activity.plane_bits, 0U);
    const auto mismatch =
        host::difference(bursts, closed_form::run_cycles(*placement, prompt, bursts.users[0].answer_tokens));
    ASSERT_FALSE(mismatch) << *mismatch << ", round " << round;
  }
}

// demo's arrays of 64 rows, one input a cycle: a step of one cycle becomes one of three.
TEST(OwnTile, TakesTheTimeOfItsSteps) {
  know_digit_serial();
  const config::ModelConfig model = support::model_of({"hand", 128, 192, 2, 4, 2, 32, 300, 64});
  const auto total = [&](const config::ChipConfig& chip) {
    return chip::watch(*placed(model, chip), chip::timing_request(1, 1)).outcome.total.count();
  };
  const auto longer = demo({"tile.digit_serial.multiply_cycles=5"});
  EXPECT_EQ(total(longer) - total(demo()), 4 * 2 + 1U) << "once an array: four a layer, and the LM head";
  EXPECT_GT(total(demo()), total(demo({"tile.digit_serial.digit_bits=4"})));
  EXPECT_EQ(total(demo({"tile.digit_serial.digit_bits=4"})), total(demo({"tile.digit_serial.digit_bits=5"})));
}

TEST(OwnTile, GivesTheSameValues) {
  know_digit_serial();
  support::RandomConfigs random(support::test_seed(1408));
  base::ThreadPool pool(1);
  const config::ModelConfig model = random.model();
  const rom::RomImage rom = support::ToyRom(77).make(model, pool);
  const auto logits = [&](functional::FunctionalModel& values) {
    values.forward(base::TokenId{1}, true);
    return std::vector<float>(values.logits().begin(), values.logits().end());
  };
  functional::FunctionalModel rows(rom, 24, pool, numerics::best_simd());
  const std::vector<float> expected = logits(rows);
  for (int round = 0; round < 3; ++round) {
    const auto placement = program::Placement::create(model, {}, with_digits(random, model));
    ASSERT_TRUE(placement.ok());
    functional::FunctionalModel tiles(rom, 24, pool, numerics::Simd::Scalar, &*placement);
    EXPECT_EQ(logits(tiles), expected) << round;
  }
}

TEST(OwnTile, HasAreaAndPaths) {
  know_digit_serial();
  const auto tech = config::parse_tech(shipped("tech/28nm.json"), "28nm.json");
  ASSERT_TRUE(tech.ok());
  const config::ModelConfig model = support::model_of({"hand", 128, 192, 2, 4, 2, 32, 300, 64});
  const auto on_chip = [&](const config::ChipConfig& chip) { return *placed(model, chip); };
  const auto accumulators = [&](const config::ChipConfig& chip) {
    return cost::tile_circuits(on_chip(chip), {}, program::ArrayKind::O).accumulators;
  };
  EXPECT_GT(accumulators(demo({"tile.digit_serial.digit_bits=8"})), accumulators(demo()));
  const auto circuits = cost::tile_circuits(on_chip(demo()), {}, program::ArrayKind::O);
  EXPECT_EQ(circuits.products, 0) << "it has no bank";
  EXPECT_EQ(circuits.lines * circuits.line_uses, 8) << "two wires, four times";
  const auto die = cost::die(on_chip(demo()), {}, *tech);
  ASSERT_TRUE(die.ok());
  const auto part = std::ranges::find(die->parts, "accumulators", &cost::Part::what);
  ASSERT_NE(part, die->parts.end());
  EXPECT_GT(part->area_mm2.typical, 0);
  const auto paths = cost::clock_paths(on_chip(demo()), {}, *tech, die->tile_line_mm);
  EXPECT_EQ(std::ranges::count(paths, "multiply a digit", &cost::ClockPath::name), 1);
}

TEST(OwnTile, HasNoRtlAndCannotBeWires) {
  know_digit_serial();
  const config::ModelConfig model = support::model_of({"hand", 128, 192, 2, 4, 2, 32, 300, 64});
  auto chip = demo();
  EXPECT_EQ(rtl::check(*placed(model, chip)).error().message,
            "chip demo: the tiles of array qkv are `digit_serial`, a kind that there is no RTL for; there is for "
            "product_select, bit_serial, rom_mac");
  chip.silicon->rom_cell = config::RomCell::Metal;
  EXPECT_THAT(placed(model, chip).error().message, HasSubstr("expected `bit_serial` tiles"));
}

std::string why_not(const std::function<void(TileKind&)>& edit) {
  TileKind kind = digit_serial();
  kind.name = "another";
  edit(kind);
  const auto status = register_tile_kind(kind);
  return status.ok() ? "" : status.error().message;
}

TEST(OwnTile, ThatCannotBeOneIsRefused) {
  know_digit_serial();
  const auto named = [](const char* name) { return [name](TileKind& kind) { kind.name = name; }; };
  EXPECT_EQ(why_not(named("digit_serial")), "tile kind `digit_serial` is there already; expected another name");
  EXPECT_EQ(why_not(named("rom_mac")), "tile kind `rom_mac` is there already; expected another name");
  for (const char* name : {"", "Mine", "2d", "rows", "my tile", "microarchitecture"})
    EXPECT_THAT(why_not(named(name)), HasSubstr("has a name that cannot be one")) << name;
  EXPECT_EQ(why_not([](TileKind& k) { k.timing.steps = {}; }),
            "tile kind `another` has no timing.steps; expected a function");
  EXPECT_THAT(why_not([](TileKind& k) { k.timing.count = {}; }), HasSubstr("has no timing.count"));
  EXPECT_THAT(why_not([](TileKind& k) { k.closed_form = {}; }), HasSubstr("has no closed_form.time"));
  EXPECT_THAT(why_not([](TileKind& k) { k.cost.column = {}; }), HasSubstr("has no cost.column"));
  EXPECT_THAT(why_not([](TileKind& k) { k.cost.paths = {}; }), HasSubstr("has no cost.paths"));
  EXPECT_THAT(why_not([](TileKind& k) { k.products->products = {}; }), HasSubstr("has no products"));
  EXPECT_THAT(why_not([](TileKind& k) { k.cost.entry_lines = 0; }), HasSubstr("has cost.entry_lines 0"));
  EXPECT_THAT(why_not([](TileKind& k) { k.cost.column_lanes = "lanes"; }), HasSubstr("expected one of its parameters"));
  EXPECT_THAT(why_not([](TileKind& k) { k.config.parameters[0].key = "Bits"; }), HasSubstr("has a parameter `Bits`"));
  EXPECT_THAT(why_not([](TileKind& k) { k.config.parameters[0].key = "multiply_cycles"; }),
              HasSubstr("has the parameter `multiply_cycles` twice"));
  EXPECT_THAT(why_not([](TileKind& k) { k.config.parameters[0].maximum = 65537; }),
              HasSubstr("allows digit_bits from 1 to 65537; expected a range within 0 to 65536"));
  EXPECT_THAT(why_not([](TileKind& k) { k.config.parameters[0].minimum = 9; }), HasSubstr("from 9 to 8"));
  EXPECT_THAT(config::tile_kind_names(), ::testing::Not(::testing::Contains("another"))) << "none was added halfway";
}

/// Kiln's own kinds are in every layer: one that was added to some of them only fails here.
TEST(OwnTile, OfKilnItselfIsInEveryLayer) {
  support::RandomConfigs random(support::test_seed(1409));
  const auto tech = config::parse_tech(shipped("tech/28nm.json"), "28nm.json").value();
  const auto names = config::tile_kind_names();
  EXPECT_EQ(names.size() - (std::ranges::count(names, "digit_serial") > 0 ? 1 : 0), support::kOwnTileKinds)
      << "tests/support/tile_kinds.hpp lacks some";
  for (const std::string& name : names) {
    auto chip = config::parse_chip(shipped("chip/demo.json"), "demo.json").value();
    chip.tile.microarchitecture = name;
    if (name == "digit_serial") chip = demo();
    const config::ModelConfig model = support::model_of({"hand", 128, 192, 2, 4, 2, 32, 300, 64});
    const auto placement = placed(model, chip);
    ASSERT_TRUE(placement.ok()) << name;
    const auto run = chip::watch(*placement, chip::timing_request(2, 2)).outcome;
    EXPECT_FALSE(host::difference(run, closed_form::run_cycles(*placement, 2, 2))) << name;
    EXPECT_GT(cost::tile_circuits(*placement, {}, program::ArrayKind::O).per_weight, 0) << name;
    EXPECT_FALSE(cost::clock_paths(*placement, {}, tech, 1).empty()) << name;
    EXPECT_EQ(rtl::check(*placement).ok(), name != "digit_serial") << name;
  }
}

}  // namespace
}  // namespace kiln::extend
