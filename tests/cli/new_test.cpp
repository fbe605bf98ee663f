// `kiln new` and `kiln list` as command lines: options, files, sentences. What is found: tests/study/new_chip_test.cpp.
#include <gmock/gmock.h>

#include "support/kiln_test.hpp"

namespace kiln {
namespace {

using testing::HasSubstr;

class NewCommand : public test::KilnTest {};

TEST_F(NewCommand, WritesAChipThatTheOtherCommandsTake) {
  const auto mine = path("mine.json");
  const auto outcome = kiln({"new", "--model", "kiln-stories-1m", "--node", "n7", "--area", "14", "--context", "256",
                             "--name", "mine", "-o", mine, "--json", path("new.json")});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("tokens/s to one user"));
  const auto document = nlohmann::json::parse(test::slurp(path("new.json")));
  EXPECT_EQ(document["config"], test::slurp(mine));
  EXPECT_EQ(document["buildable"], true);
  EXPECT_LE(document["area_mm2"]["typical"], 14);
  EXPECT_GT(document["points"], 20);
  EXPECT_EQ(nlohmann::json::parse(test::slurp(mine))["name"], "mine");
  const auto cost = kiln({"cost", "--chip", mine, "--model", "kiln-stories-1m", "--prompt-tokens", "16", "-n", "16",
                          "--require", "buildable"});
  EXPECT_EQ(cost.status, 0) << cost.err;
}

TEST_F(NewCommand, RefusesWhatItCannotDo) {
  const auto refused = [&](const std::string& node, const std::string& area, const std::string& part) {
    const auto outcome = kiln({"new", "--model", "kiln-stories-1m", "--node", node, "--area", area, "--context", "64"});
    EXPECT_EQ(outcome.status, 2) << outcome.out;
    EXPECT_THAT(outcome.err, HasSubstr(part));
  };
  refused("n7", "900", "--area is 900; above 0, to 858 mm2 is expected");
  refused("n4711", "4", "n4711");
}

TEST_F(NewCommand, ListsWhatANameMayMean) {
  for (const auto& [kind, name] : {std::pair("chips", "hc1"), {"technologies", "n7"}, {"models", "llama-3.2-3b"}}) {
    const auto text = kiln({"list", kind});
    EXPECT_EQ(text.status, 0) << text.err;
    EXPECT_THAT(text.out, HasSubstr(name));
    const auto document = nlohmann::json::parse(kiln({"list", kind, "--json", "-"}).out);
    bool there = false;
    for (const auto& config : document["configs"]) there = there || config["name"] == name;
    EXPECT_TRUE(there) << document;
  }
  EXPECT_EQ(kiln({"list", "spoons"}).status, 2);
}

}  // namespace
}  // namespace kiln
