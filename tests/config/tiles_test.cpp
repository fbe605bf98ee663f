// The tiles of a chip: parameters by microarchitecture, tiles of an array's own.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "config/config_testing.hpp"
#include "kiln/config/load.hpp"

namespace kiln::config {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ConfigTiles, ThatAreChosenNeedTheirParameters) {
  EXPECT_EQ(demo_verdict({"tile.microarchitecture=bit_serial"}), "");
  EXPECT_EQ(demo_verdict({"tile.microarchitecture=rom_mac"}), "");
  const auto hc1 = [](const std::vector<Override>& overrides) {
    const auto chip = parse_chip(text_of("chip/hc1.json"), "hc1.json", overrides);
    return chip ? "" : chip.error().message;
  };
  EXPECT_EQ(hc1({"tile.microarchitecture=rom_mac", "tiles.lm_head.microarchitecture=product_select"}),
            "hc1.json: /tile/rom_mac/mac_lanes is missing; expected an integer from 1 to 65536 outputs.");
  // Latencies are auto where nothing is said, on a chip of silicon.
  EXPECT_EQ(hc1({"tiles.down.microarchitecture=bit_serial"}), "");
  EXPECT_EQ(hc1({"tiles.down.microarchitecture=bit_serial", "tiles.down.bit_serial.count_cycles=3"}), "");
  EXPECT_EQ(hc1({"tiles.down.microarchitecture=bit_serial",
                 R"(tiles.down.bit_serial={"count_cycles":3,"multiply_cycles":4})"}),
            "");
}

TEST(ConfigTiles, RefuseAKeyOfAnotherPlace) {
  for (const auto& [key, place] : {std::pair{"product_cycles", "product_select"},
                                   {"count_cycles", "bit_serial"},
                                   {"mac_lanes", "rom_mac"},
                                   {"multiply_cycles", "bit_serial or /tile/rom_mac"}}) {
    const auto text = fmt::format("tile.{}=2", key);
    EXPECT_EQ(
        demo_verdict({text}),
        fmt::format("demo.json with --set {}: /tile/{} is not a known key; it belongs to /tile/{}.", text, key, place));
  }
  EXPECT_THAT(demo_verdict({"tiles.o.mac_lanes=2"}),
              HasSubstr("/tiles/o/mac_lanes is not a known key; it belongs to /tiles/o/rom_mac."));
  EXPECT_THAT(demo_verdict({"down.rows=2"}), HasSubstr("/down is not a known key; it belongs to /tiles."));
  EXPECT_THAT(
      demo_verdict({"tile.bit_serial.mac_lanes=2"}),
      HasSubstr("/tile/bit_serial/mac_lanes is not a known key; known here are count_cycles, multiply_cycles."));
  EXPECT_THAT(demo_verdict({"tiles.lm_head.rom_mac.read_cycle=2"}),
              HasSubstr("/tiles/lm_head/rom_mac/read_cycle is not a known key; the nearest is "
                        "/tiles/lm_head/rom_mac/read_cycles."));
  EXPECT_THAT(demo_verdict({"tiles.gate.rows=2"}),
              HasSubstr("/tiles/gate is not a known key; known here are qkv, o, gate_up, down, lm_head."));
  EXPECT_THAT(demo_verdict({"tiles.down=3"}), HasSubstr("/tiles/down is 3; allowed: an object."));
  EXPECT_THAT(demo_verdict({"tiles.down.rows=0"}),
              HasSubstr("/tiles/down/rows is 0; allowed: an integer from 1 to 65536 inputs."));
}

TEST(ConfigTiles, OfBitSerialTakeAtMostAGroupACycle) {
  EXPECT_EQ(demo_verdict({"tile.microarchitecture=bit_serial", "tile.inputs_per_cycle=64"}), "");
  EXPECT_EQ(demo_verdict({"tile.microarchitecture=bit_serial", "tile.inputs_per_cycle=65"}),
            "demo.json with --set tile.inputs_per_cycle=65: /tile/inputs_per_cycle is 65, but /tile/microarchitecture "
            "is `bit_serial`; allowed there: an integer from 1 to 64 inputs.");
  EXPECT_EQ(demo_verdict({"tile.inputs_per_cycle=65"}), "");
  EXPECT_THAT(demo_verdict({"tile.inputs_per_cycle=65", "tiles.o.microarchitecture=bit_serial"}),
              HasSubstr("/tiles/o/inputs_per_cycle is 65, but /tiles/o/microarchitecture is `bit_serial`"));
}

TEST(ConfigTiles, OfAnArrayInheritWhatTheyDoNotSay) {
  const auto chip = parse_chip(text_of("chip/demo.json"), "demo.json",
                               {"tile.rows=48", "tile.rom_mac.read_cycles=2", "tiles.lm_head.microarchitecture=rom_mac",
                                "tiles.lm_head.rom_mac.mac_lanes=64", "tiles.down.rows=32", "tiles.o.rows=48",
                                "tiles.qkv={}", "/reasons/~1tiles~1lm_head~1rom_mac~1mac_lanes=why"});
  ASSERT_TRUE(chip.ok()) << chip.error().message;
  EXPECT_FALSE(chip->tiles[0]);  // changes nothing
  EXPECT_FALSE(chip->tiles[1]);  // says what the chip says
  EXPECT_FALSE(chip->tiles[2]);
  ASSERT_TRUE(chip->tiles[3]);
  EXPECT_EQ(chip->tiles[3]->rows, 32U);
  EXPECT_EQ(chip->tiles[3]->columns, 128U);
  EXPECT_EQ(chip->tiles[3]->parameters, chip->tile.parameters);
  ASSERT_TRUE(chip->tiles[4]);
  EXPECT_EQ(chip->tiles[4]->rows, 48U);
  EXPECT_EQ(chip->tiles[4]->microarchitecture, "rom_mac");
  EXPECT_EQ(chip->tiles[4]->parameter("mac_lanes"), 64U);
  EXPECT_EQ(chip->tiles[4]->parameter("read_cycles"), 2U);
  EXPECT_EQ(chip->tile.parameters.at("rom_mac").at("mac_lanes"), 32U);
  // The canonical JSON says each of these tiles in full, and reads back as the same chip.
  const auto canonical = to_json(*chip);
  EXPECT_THAT(canonical, HasSubstr(R"("lm_head":{"accumulate_cycles":"auto","bit_serial":{)"));
  EXPECT_THAT(canonical, Not(HasSubstr(R"("qkv")")));
  EXPECT_EQ(to_json(parse_chip(canonical, "again").value()), canonical);
}

TEST(ConfigTiles, OfAnArrayChangeTheHashOnlyIfTheyDiffer) {
  const std::string text = text_of("chip/demo.json");
  const auto hash = [&](const std::vector<Override>& overrides) {
    return config_hash(to_json(parse_chip(text, "x", overrides).value()));
  };
  EXPECT_EQ(hash({}), hash({"tiles.o.rows=64"}));
  EXPECT_NE(hash({}), hash({"tiles.o.rows=65"}));
  EXPECT_NE(hash({"tiles.o.rows=65"}), hash({"tiles.down.rows=65"}));
  EXPECT_NE(hash({}), hash({"tile.microarchitecture=rom_mac"}));
}

}  // namespace
}  // namespace kiln::config
