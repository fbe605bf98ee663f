// The constants of a technology: the shipped files, their limits and their table of documentation; /silicon of a chip.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "config/config_testing.hpp"
#include "config/ranges.hpp"
#include "config/writer.hpp"

namespace kiln::config {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kShipped[] = {"28nm", "n7", "n6", "n5"};
constexpr const char* kCorners[] = {"low", "typical", "high"};

TechConfig shipped(const std::string& name) {
  const auto tech = parse_tech(text_of("tech/" + name + ".json"), "x");
  EXPECT_TRUE(tech.ok()) << (tech.ok() ? "" : tech.error().message);
  return tech.value();
}

Json good_tech() { return Json::parse(text_of("tech/n6.json")); }

Json::json_pointer pointer_of(const TechField& field, const std::string& key) {
  return Json::json_pointer("/" + field.key + "/" + key);
}

TEST(Tech, ShippedOnesAreThoseThatThePageNamesAndLoad) {
  EXPECT_THAT(ConfigPath(std::string(KILN_SOURCE_DIR) + "/configs", "").list("tech"),
              testing::UnorderedElementsAreArray(kShipped));
  for (const auto* name : kShipped) EXPECT_EQ(shipped(name).name, name);
}

TEST(Tech, EveryConstantHasATagAndSaysWhereItIsFromOrThatItIsChosen) {
  for (const auto* name : kShipped) {
    TechConfig tech = shipped(name);
    std::set<std::string> keys;
    for (const auto& field : fields(tech)) {
      SCOPED_TRACE(std::string(name) + " " + field.key);
      EXPECT_TRUE(keys.insert(field.key).second);
      EXPECT_FALSE(field.meaning.empty());
      EXPECT_LT(field.minimum, field.maximum);
      EXPECT_THAT(kSourceTags, testing::Contains(field.constant->tag));
      EXPECT_FALSE(field.constant->source.empty());
      const auto& source = field.constant->source;
      const bool says_so = source.find("hosen") != std::string::npos || source.find("derived") != std::string::npos;
      EXPECT_TRUE(says_so || field.constant->tag != "G") << source;
    }
    EXPECT_EQ(keys.size(), 42 + 2 * kMacroWords.size());
  }
}

TEST(Tech, EveryKeyIsHeldToItsTypeAndItsPlace) {
  for (const auto& info : fields_of<TechConfig>()) {
    const Json::json_pointer pointer(info.pointer);
    Json tree = good_tech();
    ASSERT_TRUE(tree.contains(pointer)) << info.pointer;
    tree[pointer] = Json::array({1});
    EXPECT_THAT(verdict<TechConfig>(tree), StartsWith(fmt::format("x: {} is an array; allowed: ", info.pointer)));
    tree = good_tech();
    tree[pointer.parent_pointer()].erase(pointer.back());
    EXPECT_THAT(verdict<TechConfig>(tree), StartsWith(fmt::format("x: {} is missing; expected ", info.pointer)));
    tree[pointer.parent_pointer()][pointer.back() + "x"] = 1;
    EXPECT_THAT(verdict<TechConfig>(tree), HasSubstr(fmt::format("x: {}x is not a known key", info.pointer)));
  }
}

TEST(Tech, WholeConstantsThatAreMissingAreNamed) {
  TechConfig tech;
  for (const auto& field : fields(tech)) {
    Json tree = good_tech();
    tree.erase(field.key);
    EXPECT_THAT(verdict<TechConfig>(tree), StartsWith(fmt::format("x: /{} is missing; expected ", field.key)));
    tree[field.key] = 1.5;
    EXPECT_THAT(verdict<TechConfig>(tree), StartsWith(fmt::format("x: /{} is 1.5; allowed: an object", field.key)));
  }
}

TEST(Tech, EveryConstantTakesItsEndsAndNothingBeyond) {
  TechConfig tech;
  for (const auto& field : fields(tech)) {
    for (const double end : {field.minimum, field.maximum}) {
      Json tree = good_tech();
      for (const auto* corner : kCorners) tree[pointer_of(field, corner)] = end;
      EXPECT_EQ(verdict<TechConfig>(tree), "") << field.key;
    }
    for (const double outside : {field.minimum - 1, field.maximum * 1.01})
      for (const auto* corner : kCorners) {
        Json tree = good_tech();
        tree[pointer_of(field, corner)] = outside;
        EXPECT_THAT(verdict<TechConfig>(tree), HasSubstr(fmt::format("x: /{}/{} is ", field.key, corner)));
      }
  }
}

TEST(Tech, NothingThatTheModelDividesByCanBeZero) {
  TechConfig tech;
  std::set<std::string> above_zero;
  for (const auto& field : fields(tech))
    if (field.minimum > 0) above_zero.insert(field.key);
  EXPECT_THAT(above_zero, testing::IsSupersetOf({"logic_um2_per_transistor", "rom_um2_per_bit_1024", "wire_ps_per_mm",
                                                 "placement_overhead"}));
}

TEST(Tech, ValuesThatFallAreAnErrorForEveryConstant) {
  TechConfig tech;
  for (const auto& field : fields(tech)) {
    Json tree = good_tech();
    tree[pointer_of(field, "low")] = field.maximum;
    tree[pointer_of(field, "high")] = field.minimum;
    EXPECT_THAT(verdict<TechConfig>(tree), StartsWith(fmt::format("x: /{} has low ", field.key)));
    EXPECT_THAT(verdict<TechConfig>(tree), HasSubstr("expected low <= typical <= high"));
  }
  Json tree = good_tech();
  tree["fo4_ps"]["low"] = 9;
  EXPECT_EQ(verdict<TechConfig>(tree),
            "x: /fo4_ps has low 9, typical 7.2 and high 8.5; expected low <= typical <= high.");
}

TEST(Tech, TagsAreTheKnownOnes) {
  expect_known_tags(
      good_tech(), "fo4_ps", [](const std::string& text) { return parse_tech(text, "x"); },
      [](const auto& read) { return read.fo4_ps; });
}

TEST(Tech, TakesOverrides) {
  const auto tech = parse_tech(text_of("tech/n6.json"), "x", {"fo4_ps.high=9.5", "/rom_um2_per_bit_4096/typical=0.02"});
  ASSERT_TRUE(tech.ok()) << tech.error().message;
  EXPECT_EQ(tech->fo4_ps.high, 9.5);
  EXPECT_EQ(tech->rom_um2_per_bit[2].typical, 0.02);
}

TEST(Tech, DensitiesOfN6AreThoseOfTheirPapers) {
  const TechConfig tech = shipped("n6");
  const double rom[] = {21.6, 34.4, 47.1, 57.8}, sram[] = {13.1, 21.9, 23.6, 25.7};  // Mbit/mm2
  for (std::size_t i = 0; i < kMacroWords.size(); ++i) {
    EXPECT_NEAR(1 / tech.rom_um2_per_bit[i].typical, rom[i], 1e-3 * rom[i]);
    EXPECT_NEAR(1 / tech.sram_um2_per_bit[i].typical, sram[i], 1e-3 * sram[i]);
  }
}

TEST(Tech, ReadmeSaysEveryConstantWithItsUnitRangeAndMeaning) {
  TechConfig tech;
  std::multiset<std::string> expected;
  for (const auto& field : fields(tech))
    expected.insert(fmt::format("| `/{}` | {} | {} | {} |", field.key, field.unit.empty() ? "–" : field.unit,
                                in_words(Reals{field.minimum, field.maximum}), field.meaning));
  EXPECT_EQ(table_rows("README.md", "## tech"), expected);
}

TEST(Silicon, MayBeLeftOutButNotByHalves) {
  Json tree = Json::parse(text_of("chip/demo.json"));
  const auto said = [&] {
    const auto chip = parse_chip(tree.dump(), "x");
    return chip ? std::string() : chip.error().message;
  };
  ASSERT_EQ(said(), "");
  for (const auto* key : {"technology"}) {  // the cell has a default
    Json half = tree;
    half["silicon"].erase(key);
    half["reasons"].erase(std::string("/silicon/") + key);
    const auto chip = parse_chip(half.dump(), "x");
    ASSERT_FALSE(chip.ok());
    EXPECT_THAT(chip.error().message, StartsWith(fmt::format("x: /silicon/{} is missing; expected ", key)));
  }
  tree.erase("silicon");
  for (const auto* key : {"technology", "rom_cell"}) tree["reasons"].erase(std::string("/silicon/") + key);
  EXPECT_EQ(said(), "");
  EXPECT_FALSE(parse_chip(tree.dump(), "x")->silicon.has_value());
}

TEST(Silicon, HasOneOfThreeCells) {
  for (std::size_t i = 0; i < kRomCellNames.size(); ++i) {
    const auto chip =
        parse_chip(text_of("chip/demo.json"), "x", {fmt::format("silicon.rom_cell={}", kRomCellNames[i])});
    ASSERT_TRUE(chip.ok()) << chip.error().message;
    EXPECT_EQ(chip->silicon->rom_cell, static_cast<RomCell>(i));
    EXPECT_THAT(to_json(*chip), HasSubstr(fmt::format("\"rom_cell\":\"{}\"", kRomCellNames[i])));
  }
  EXPECT_THAT(demo_verdict({"silicon.rom_cell=via"}),
              HasSubstr("/silicon/rom_cell is \"via\"; allowed: `transistor_per_bit`, `transistor_per_weight` or "
                        "`metal`."));
  EXPECT_THAT(demo_verdict({"silicon.technology=\"\""}), HasSubstr("/silicon/technology is "));
}

}  // namespace
}  // namespace kiln::config
