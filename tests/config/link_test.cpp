// Links of a chip's config that are auto: all of them, or some.
#include <gmock/gmock.h>

#include "config_testing.hpp"
#include "kiln/config/latencies.hpp"

namespace kiln::config {
namespace {

using Json = nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

base::Result<ChipConfig> with_link(const Json& link, std::uint32_t lanes = 256) {
  Json tree = Json::parse(text_of("chip/demo.json"));
  tree["link"] = link;
  tree["vector"]["lanes"] = lanes;
  tree.erase("reasons");
  return parse_chip(tree.dump(), "x");
}

TEST(AutomaticLinks, HaveBeatsAsWideAsTheVectorUnit) {
  for (const auto& [lanes, groups] : {std::pair(1U, 1U), {64U, 1U}, {65U, 2U}, {256U, 4U}, {65536U, 64U}}) {
    const auto chip = with_link("auto", lanes);
    ASSERT_TRUE(chip.ok()) << chip.error().message;
    EXPECT_EQ(chip->link.beat_groups, groups) << lanes;
    for (const auto& [which, key] : kNamedLinks) {
      EXPECT_EQ(chip->link[which], kAutomatic) << key;
      EXPECT_THAT(chip->automatic, Contains("/link/" + std::string(key)));
    }
  }
}

TEST(AutomaticLinks, AreThoseThatAreLeftOut) {
  const auto chip = with_link({{"array_to_tree", 7}, {"tree_to_vector", "auto"}});
  ASSERT_TRUE(chip.ok()) << chip.error().message;
  EXPECT_EQ(chip->link[Link::ArrayToTree], 7U);
  EXPECT_THAT(chip->automatic, Not(Contains("/link/array_to_tree")));
  EXPECT_THAT(chip->automatic, Contains("/link/tree_to_vector"));
  EXPECT_THAT(chip->automatic, Contains("/link/vector_to_array"));
  EXPECT_EQ(to_json(with_link(Json::object()).value()), to_json(with_link("auto").value()));
}

TEST(AutomaticLinks, AreWrittenAsAWordUntilAFloorplanSaysTheNumbers) {
  auto chip = with_link("auto").value();
  EXPECT_EQ(Json::parse(to_json(chip))["link"]["vector_to_array"], "auto");
  chip.link[Link::VectorToArray] = 7;
  const auto written = Json::parse(to_json(chip))["link"];
  EXPECT_EQ(written["vector_to_array"], 7);
  EXPECT_EQ(written["beat_groups"], 4);
  EXPECT_THAT(with_link(written)->automatic, Not(Contains("/link/vector_to_array")));
}

TEST(AutomaticLinks, AreTheOnlyWord) {
  for (const auto& link : {Json("automatic"), Json(3), Json(nullptr)})
    EXPECT_EQ(with_link(link).error().message, "x: /link is " + link.dump() + "; allowed: an object or \"auto\".");
  EXPECT_THAT(with_link({{"array_to_tree", "Auto"}}).error().message, HasSubstr("/link/array_to_tree is \"Auto\""));
  Json tree = Json::parse(text_of("chip/demo.json"));
  tree.erase("link");
  EXPECT_TRUE(parse_chip(tree.dump(), "x").ok());  // auto, on a chip of silicon
  tree.erase("silicon");
  for (const auto* key : {"/silicon/technology", "/silicon/rom_cell"}) tree["reasons"].erase(key);
  EXPECT_THAT(parse_chip(tree.dump(), "x").error().message,
              HasSubstr("x: /link is missing; expected an object or \"auto\""));
}

TEST(AutomaticLinks, OneIsSetWhereAllAreAuto) {
  const auto chip = parse_chip(text_of("chip/demo.json"), "x", {"link=auto", "link.array_to_tree=3"});
  ASSERT_TRUE(chip.ok()) << chip.error().message;
  EXPECT_EQ(chip->link[Link::ArrayToTree], 3U);
  EXPECT_EQ(chip->link[Link::VectorToArray], kAutomatic);
}

}  // namespace
}  // namespace kiln::config
