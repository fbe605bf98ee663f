// The constants of the economics: the shipped file, its limits and its two tables of documentation.
#include "kiln/config/economics.hpp"

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

EconomicsConfig shipped() {
  const auto economics = parse_economics(text_of("economics/default.json"), "x");
  EXPECT_TRUE(economics.ok()) << (economics.ok() ? "" : economics.error().message);
  return economics.value();
}

Json good_economics() { return Json::parse(text_of("economics/default.json")); }

TEST(Economics, ShippedFileLoadsAndIsNamedAsItsFile) {
  const auto file = ConfigPath(std::string(KILN_SOURCE_DIR) + "/configs", "").find("economics", "default");
  ASSERT_TRUE(file.ok()) << file.error().message;
  const auto economics = load_economics(*file);
  ASSERT_TRUE(economics.ok()) << economics.error().message;
  EXPECT_EQ(economics->name, "default");
}

TEST(Economics, EveryConstantHasATagAndSaysWhereItIsFromOrThatItIsChosen) {
  EconomicsConfig economics = shipped();
  std::set<std::string> keys;
  for (const auto& field : fields(economics)) {
    EXPECT_TRUE(keys.insert(field.key).second) << field.key;
    EXPECT_FALSE(field.meaning.empty()) << field.key;
    EXPECT_THAT(kSourceTags, testing::Contains(field.constant->tag)) << field.key;
    EXPECT_GE(field.constant->source.size(), 20U) << field.key;
    const bool says_so = field.constant->source.find("hosen") != std::string::npos;
    EXPECT_TRUE(says_so || field.constant->tag != "G") << field.key;
    EXPECT_LE(field.constant->low, field.constant->typical) << field.key;
    EXPECT_LE(field.constant->typical, field.constant->high) << field.key;
  }
  EXPECT_EQ(keys.size(), 15U);
}

TEST(Economics, ValuesAreThoseOfTheirSources) {
  const EconomicsConfig economics = shipped();
  EXPECT_EQ(economics.electricity_usd_per_kwh.typical, 0.0806);
  EXPECT_EQ(economics.pue.typical, 1.56);
  EXPECT_EQ(economics.cards_per_server.typical, 10);
  EXPECT_EQ(economics.server_power_w.typical, 2500 - 10 * 200);
  EXPECT_EQ(economics.server_power_w.low, 2500 - 10 * 250);
  EXPECT_EQ(economics.respin_masks.typical, 2);
  EXPECT_EQ(economics.respin_months.typical, 2);
  EXPECT_EQ(economics.hardware_margin.low, 1);
  EXPECT_EQ(economics.respin_engineering_usd.typical, 24 * 250e3 * 2 / 12);
}

TEST(Economics, EveryKeyIsHeldToItsTypeAndItsRange) {
  for (const auto& info : fields_of<EconomicsConfig>()) {
    const Json::json_pointer pointer(info.pointer);
    Json tree = good_economics();
    ASSERT_TRUE(tree.contains(pointer)) << info.pointer;
    tree[pointer] = Json::array({1});
    EXPECT_THAT(verdict<EconomicsConfig>(tree), StartsWith(fmt::format("x: {} is an array; allowed: ", info.pointer)));
    tree = good_economics();
    tree[pointer.parent_pointer()].erase(pointer.back());
    EXPECT_THAT(verdict<EconomicsConfig>(tree), StartsWith(fmt::format("x: {} is missing; expected ", info.pointer)));
    tree[pointer.parent_pointer()][pointer.back() + "x"] = 1;
    EXPECT_THAT(verdict<EconomicsConfig>(tree), HasSubstr(fmt::format("x: {}x is not a known key", info.pointer)));
  }
  EconomicsConfig economics;
  for (const auto& field : fields(economics))
    for (const double outside : {field.minimum - 1, field.maximum * 1.01 + 1}) {
      Json tree = good_economics();
      tree[Json::json_pointer("/" + field.key + "/typical")] = outside;
      EXPECT_THAT(verdict<EconomicsConfig>(tree), HasSubstr(fmt::format("/{}/typical is", field.key)));
    }
}

TEST(Economics, EveryConstantTakesItsEnds) {
  EconomicsConfig economics;
  for (const auto& field : fields(economics))
    for (const double end : {field.minimum, field.maximum}) {
      Json tree = good_economics();
      for (const auto* corner : {"low", "typical", "high"})
        tree[Json::json_pointer("/" + field.key + "/" + corner)] = end;
      EXPECT_EQ(verdict<EconomicsConfig>(tree), "") << field.key;
    }
}

TEST(Economics, ValuesThatFallAreAnError) {
  Json tree = good_economics();
  tree["pue"]["low"] = 1.9;
  EXPECT_EQ(verdict<EconomicsConfig>(tree),
            "x: /pue has low 1.9, typical 1.56 and high 2; expected low <= typical <= high.");
}

TEST(Economics, TagsAreTheKnownOnes) {
  expect_known_tags(
      good_economics(), "pue", [](const std::string& text) { return parse_economics(text, "x"); },
      [](const auto& read) { return read.pue; });
}

TEST(Economics, TakesOverrides) {
  const auto economics = parse_economics(text_of("economics/default.json"), "x", {"pue.high=3"});
  ASSERT_TRUE(economics.ok()) << economics.error().message;
  EXPECT_EQ(economics->pue.high, 3);
}

TEST(Economics, ReadmeSaysEveryConstantWithItsRange) {
  EconomicsConfig economics = shipped();
  std::multiset<std::string> expected;
  for (const auto& field : fields(economics))
    expected.insert(fmt::format("| `/{}` | {} | {} | {} |", field.key, field.unit.empty() ? "–" : field.unit,
                                in_words(Reals{field.minimum, field.maximum}), field.meaning));
  EXPECT_EQ(table_rows("README.md", "## economics"), expected);
}

TEST(Economics, PageSaysEveryValue) {
  EconomicsConfig economics = shipped();
  std::multiset<std::string> expected;
  for (const auto& field : fields(economics)) {
    const auto& c = *field.constant;
    expected.insert(fmt::format("| `{}` | {} | {:.12g} | {:.12g} | {:.12g} | {} |", field.key,
                                field.unit.empty() ? "–" : field.unit, c.low, c.typical, c.high, c.tag));
  }
  EXPECT_EQ(table_rows("../docs/money.md", "## Constants"), expected);
}

}  // namespace
}  // namespace kiln::config
