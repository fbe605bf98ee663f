// What `kiln sweep` says of its points: constraints and by how much they hold, tables, and what is wrong with a spec.
#include <gmock/gmock.h>

#include "cli/sweep_testing.hpp"

namespace kiln {
namespace {

using testing::HasSubstr;

class SweepTables : public test::SweepTest {};

TEST_F(SweepTables, EachConstraintThatAPointBreaksIsCountedAndHowFarItIsFromEach) {
  spec("[300, 400, 500]");
  auto text = test::slurp(path("spec.json"));
  text.replace(text.find("\"clock_mhz >= 420\""), 18,
               R"("clock_mhz >= 420", "clock_mhz > 350", "verdict.buildable", "clock_mhz < 1000")");
  write("spec.json", text);
  const auto some = sweep("s.db");
  EXPECT_THAT(
      some.out,
      HasSubstr("infeasible (a point may break several):\n        8  clock_mhz >= 420\n        4  clock_mhz > 350\n"));
  const auto explained = kiln({"sweep", "explain", path("s.db"), "4", "--json", path("e.json")});
  EXPECT_THAT(explained.out,
              HasSubstr("does not hold by 20.0 (4.76 %, the least): clock_mhz >= 420 (clock_mhz is 400)"));
  EXPECT_THAT(explained.out, HasSubstr("holds by 50.0 (12.5 %): clock_mhz > 350"));
  const auto document = nlohmann::json::parse(test::slurp(path("e.json")));
  EXPECT_EQ(document["constraints"][0]["margin"], -20);
  EXPECT_EQ(document["constraints"][0]["binds"], true);
  EXPECT_EQ(document["constraints"][1]["binds"], false);
  EXPECT_TRUE(document["constraints"][2]["margin"].is_null());
  EXPECT_FALSE(document["changed"].get<bool>());
  EXPECT_THAT(explained.out, HasSubstr("would help"));
  // As the document of the point's own command has them.
  const std::string command = KILN_BINARY_DIR "/" + document["command"].get<std::string>() + " --json " +
                              path("run.json") + " > " + path("out");
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  EXPECT_EQ(document["limits"], nlohmann::json::parse(test::slurp(path("run.json")))["limits"]);
  EXPECT_GT(document["limits"]["groups"].size(), 0U);
}

TEST_F(SweepTables, AFigureThatNothingHasIsFoundByADryRun) {
  spec();
  auto text = test::slurp(path("spec.json"));
  text.replace(text.find("clock_mhz >= 420"), 16, "tokens_per_s_use >= 420");
  write("spec.json", text);
  const auto dry = kiln({"sweep", path("spec.json"), "--dry-run"});
  EXPECT_EQ(dry.status, 2);
  EXPECT_THAT(dry.err, HasSubstr("the constraint tokens_per_s_use >= 420: this point has no figure tokens_per_s_use; "
                                 "did you mean tokens_per_s_user?"));
}

TEST_F(SweepTables, AColumnOfATableIsThereOnce) {
  spec();
  auto text = test::slurp(path("spec.json"));
  text.replace(text.find("\"recipe\": ["), 9, R"("prompt_tokens": [8, 16], "recipe":)");
  write("spec.json", text);
  ASSERT_EQ(sweep("s.db").status, 0);
  const auto csv = kiln({"sweep", "export", path("s.db"), "--csv", "-"}).out;
  const auto header = csv.substr(0, csv.find('\n'));
  EXPECT_NE(header.find(",prompt_tokens,"), header.npos);
  EXPECT_EQ(header.find(",prompt_tokens,"), header.rfind(",prompt_tokens,"));
}

TEST_F(SweepTables, AMistypedDatabaseLeavesNoFolder) {
  EXPECT_EQ(kiln({"sweep", "collect", path("typo.db")}).status, 2);
  EXPECT_FALSE(std::filesystem::exists(path("typo.db.parts")));
}

}  // namespace
}  // namespace kiln
