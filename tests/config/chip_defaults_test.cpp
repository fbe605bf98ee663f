// A chip that says little: each default, those that follow another key, and the table of configs/README.md.
#include "config/chip_defaults.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "config/config_testing.hpp"
#include "config/writer.hpp"
#include "kiln/config/latencies.hpp"

namespace kiln::config {
namespace {

using Json = nlohmann::json;

Json shortest() {
  return Json::parse(R"({"name": "x", "clock_mhz": 1000, "tile": {"rows": 1024, "columns": 4096, "inputs_per_cycle": 4},
                         "vector": {"lanes": 128}, "attention": {"tokens_parallel": 8}, "kv": {"banks": 65, "depth_words": 64},
                         "silicon": {"technology": "n6"}})");
}

Json resolved(const Json& tree, const std::vector<Override>& overrides = {}) {
  const auto chip = parse_chip(tree.dump(), "x", overrides);
  EXPECT_TRUE(chip.ok()) << (chip ? "" : chip.error().message);
  return chip ? Json::parse(to_json(*chip)) : Json();
}

TEST(ChipDefaults, EachIsWhatTheTableSays) {
  const Json chip = resolved(shortest());
  for (const auto& row : chip_defaults()) {
    if (row.pointer == "/link" || row.pointer.starts_with("/chips")) continue;  // below
    const Json expected = row.like.empty() ? Json::parse(json::write(row.value)) : chip[Json::json_pointer(row.like)];
    EXPECT_EQ(chip[Json::json_pointer(row.pointer)], expected) << row.pointer;
  }
}

TEST(ChipDefaults, ThePageHasTheTable) {
  std::multiset<std::string> rows;
  for (const auto& row : chip_defaults())
    rows.insert(row.like.empty() ? fmt::format("| `{}` | `{}` |", row.pointer, json::write(row.value))
                                 : fmt::format("| `{}` | as `{}` |", row.pointer, row.like));
  std::multiset<std::string> page;
  for (const auto& line : table_rows("README.md", "## chip"))
    if (line.ends_with("` |")) page.insert(line);
  EXPECT_EQ(page, rows);
}

TEST(ChipDefaults, LatenciesAndLinksAreAutoOnAChipOfSilicon) {
  const auto chip = parse_chip(shortest().dump(), "x").value();
  std::size_t latencies = 0;
  for (const auto& field : fields_of<ChipConfig>()) {
    const bool there = !field.pointer.starts_with("/lora") && !field.pointer.starts_with("/chips") &&
                       !field.pointer.starts_with("/tile/bit_serial") && !field.pointer.starts_with("/tile/rom_mac");
    if (field.pointer.ends_with("_cycles") && there) ++latencies;
  }
  EXPECT_EQ(automatic_latencies(chip).size(), latencies + kLinks);
  Json plain = shortest();
  plain.erase("silicon");
  EXPECT_THAT(verdict<ChipConfig>(plain), testing::HasSubstr("x: /vector/add_cycles is missing; expected "));
}

TEST(ChipDefaults, OfAKindOfTileAreThoseOfTheChosenOne) {
  const Json chip = resolved(shortest(), {"tile.microarchitecture=bit_serial"});
  EXPECT_EQ(chip["tile"].count("product_select"), 0U);
  EXPECT_EQ(chip["tile"]["bit_serial"]["count_cycles"], "auto");
  Json mixed = shortest();
  mixed["tiles"]["o"] = {{"microarchitecture", "bit_serial"}};
  EXPECT_EQ(resolved(mixed)["tiles"]["o"]["bit_serial"]["multiply_cycles"], "auto");
  EXPECT_THAT(demo_verdict({}), "");
}

TEST(ChipDefaults, WhatFollowsAnotherKeyFollowsAnOverride) {
  const Json chip = resolved(shortest(), {"vector.lanes=512", "sampler.lanes=3"});
  EXPECT_EQ(chip["embedding"]["elements_per_cycle"], 512);
  EXPECT_EQ(chip["sampler"]["lanes"], 3);
}

TEST(ChipDefaults, ScalesTakeAsLongAsTheInputsOfAGroup) {
  Json tree = shortest();
  tree["tiles"]["lm_head"] = {{"inputs_per_cycle", 2}};
  tree["tiles"]["o"] = {{"rows", 64}};
  const Json chip = resolved(tree);
  EXPECT_EQ(chip["tile"]["scale_lanes"], 256);  // 4,096 columns in 64 / 4 cycles
  EXPECT_EQ(chip["tiles"]["lm_head"]["scale_lanes"], 128);
  EXPECT_EQ(chip["tiles"]["o"]["scale_lanes"], 256);
  tree["tile"]["scale_lanes"] = 7;
  EXPECT_EQ(resolved(tree)["tiles"]["lm_head"]["scale_lanes"], 7);
}

TEST(ChipDefaults, HaveReasonsUnlessTheFileGivesOne) {
  Json tree = shortest();
  tree["reasons"] = {{"/kv", "mine"}};
  const auto chip = parse_chip(tree.dump(), "x").value();
  EXPECT_EQ(chip.reasons.count("/kv/ports"), 0U);
  EXPECT_THAT(chip.reasons.at("/reduction/fan_in"), testing::StartsWith("default: "));
}

TEST(ChipDefaults, NothingIsAddedToWhatIsNoObject) {
  Json tree = shortest();
  tree["kv"] = 3;
  EXPECT_EQ(verdict<ChipConfig>(tree), "x: /kv is 3; allowed: an object.");
}

}  // namespace
}  // namespace kiln::config
