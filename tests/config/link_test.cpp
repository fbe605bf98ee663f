// "link": "auto" in a chip's config.
#include <gmock/gmock.h>

#include "config_testing.hpp"

namespace kiln::config {
namespace {

using Json = nlohmann::json;

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
    EXPECT_EQ(chip->link.origin, LinkOrigin::FloorplanToCome);
    EXPECT_EQ(chip->link.beat_groups, groups) << lanes;
  }
}

TEST(AutomaticLinks, AreWrittenAsAWordUntilAFloorplanSaysTheNumbers) {
  auto chip = with_link("auto").value();
  EXPECT_EQ(Json::parse(to_json(chip))["link"], "auto");
  chip.link.origin = LinkOrigin::Floorplan;
  chip.link[Link::VectorToArray] = 7;
  const auto written = Json::parse(to_json(chip))["link"];
  EXPECT_EQ(written["vector_to_array"], 7);
  EXPECT_EQ(written["beat_groups"], 4);
  // Read again they are the config's own.
  EXPECT_EQ(with_link(written)->link.origin, LinkOrigin::Config);
}

TEST(AutomaticLinks, AreTheOnlyWord) {
  for (const auto& link : {Json("automatic"), Json(3), Json(nullptr)})
    EXPECT_EQ(with_link(link).error().message, "x: /link is " + link.dump() + "; allowed: an object or \"auto\".");
  Json tree = Json::parse(text_of("chip/demo.json"));
  tree.erase("link");
  EXPECT_THAT(parse_chip(tree.dump(), "x").error().message,
              testing::HasSubstr("x: /link is missing; expected an object or \"auto\""));
  EXPECT_EQ(parse_chip(text_of("chip/demo.json"), "x", {"link=auto"})->link.origin, LinkOrigin::FloorplanToCome);
}

}  // namespace
}  // namespace kiln::config
