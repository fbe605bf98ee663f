// `kiln sweep` with an adaptive search: the same points and figures whatever ran it, whenever it was killed and however it
// was extended; what it refuses.
#include <gmock/gmock.h>

#include <set>

#include "cli/sweep_testing.hpp"
#include "sweep/pagmo_search.hpp"

namespace kiln {
namespace {

using testing::HasSubstr;

class AdaptiveSweep : public test::SweepTest {
 protected:
  void spec(int points, const std::string& more = "", const std::string& chip = "demo") const {
    write("spec.json", R"({"version": 1, "base": {"chip": ")" + chip + R"(", "model": "kiln-stories-1m",
      "prompt_tokens": 8, "new_tokens": 8}, "links": "auto", "vary": {"chip:/clock_mhz": {"from": 300, "to": 700},
      "chip:/tile/columns": [64, 128, 32], "chip:/kv/banks": [32, 64], "chip:/kv/depth_words": "8192 / kv.banks",
      "recipe": ["w2", "w4", "w8"]}, "sample": {"method": "adaptive", "seed": 5, "points": )" +
                           std::to_string(points) +
                           R"(}, "constraints": ["verdict.buildable", "area_mm2.typical <= 60"],
      "objectives": [{"figure": "tokens_per_s_user", "direction": "max"},
                     {"figure": "area_mm2.typical", "direction": "min"}])" +
                           more + "}");
  }
};

TEST_F(AdaptiveSweep, HasTheSamePointsWhateverRanItAndWheneverItWasKilled) {
  if (!sweep::has_pagmo()) GTEST_SKIP() << "Kiln was built without pagmo2";
  spec(66);
  const auto one = sweep("one.db", {"-j", "1"});
  ASSERT_EQ(one.status, 0) << one.err;
  EXPECT_THAT(one.out, HasSubstr("66 points: "));
  EXPECT_FALSE(std::filesystem::exists(path("one.db.parts"))) << "what workers left is in the database";
  const auto table = exported("one.db");
  std::set<std::string> different;
  const auto document = nlohmann::json::parse(table);
  for (const auto& point : document["points"]) {
    different.insert(point["vary"].dump());
    if (point["front"]) {
      EXPECT_EQ(point["state"], "done");
    }
  }
  EXPECT_EQ(different.size(), 66U);
  ASSERT_EQ(sweep("two.db", {"-j", "2"}).status, 0);
  EXPECT_EQ(exported("two.db"), table);
  kill_sweeps("killed.db", 4, std::chrono::milliseconds(60), std::chrono::milliseconds(90));
  ASSERT_EQ(sweep("killed.db", {"--resume"}).status, 0);
  EXPECT_EQ(exported("killed.db"), table);
}

TEST_F(AdaptiveSweep, GoesOnWhereMorePointsAreWanted) {
  if (!sweep::has_pagmo()) GTEST_SKIP() << "Kiln was built without pagmo2";
  spec(40);
  ASSERT_EQ(sweep("s.db").status, 0);
  spec(55);
  EXPECT_THAT(sweep("s.db", {"--resume"}).err, HasSubstr("the spec has changed at /sample/points"));
  ASSERT_EQ(sweep("s.db", {"--extend"}).status, 0);
  spec(66);
  ASSERT_EQ(sweep("s.db", {"--extend"}).status, 0);
  ASSERT_EQ(sweep("new.db").status, 0);
  EXPECT_EQ(exported("s.db"), exported("new.db"));
  const auto explained = kiln({"sweep", "explain", path("s.db"), "65"});
  EXPECT_EQ(explained.status, 0) << explained.err;
  EXPECT_THAT(kiln({"sweep", "explain", path("s.db"), "66"}).err, HasSubstr("has no point 66; 0 to 65 is expected"));
}

TEST_F(AdaptiveSweep, BeginsAgainWhereConfigsHaveChanged) {
  if (!sweep::has_pagmo()) GTEST_SKIP() << "Kiln was built without pagmo2";
  const auto chip = write("my.json", R"({"extends": "demo", "name": "my"})");
  spec(52, "", chip);
  ASSERT_EQ(sweep("s.db").status, 0);
  write("my.json", R"({"extends": "demo", "name": "my", "kv": {"ports": 2}})");
  const auto resumed = sweep("s.db", {"--resume"});
  EXPECT_THAT(resumed.err, HasSubstr("the configs of 52 points have changed since"));
  ASSERT_EQ(sweep("new.db").status, 0);
  EXPECT_EQ(exported("s.db"), exported("new.db"));
}

TEST_F(AdaptiveSweep, SaysWhatIsStillToCome) {
  if (!sweep::has_pagmo()) GTEST_SKIP() << "Kiln was built without pagmo2";
  spec(70);
  const auto dry = kiln({"sweep", path("spec.json"), "--dry-run"});
  EXPECT_EQ(dry.status, 0) << dry.err;
  EXPECT_THAT(dry.out, HasSubstr("70 points, chosen as answers come; of the first 48, 0 are no chip"));
  EXPECT_EQ(document({"sweep", path("spec.json"), "--dry-run"})["looked_at"], 48);
  // A first point that fails ends it: the others are not even chosen.
  spec(70, R"(, "engine": "closed_form")");
  auto text = test::slurp(path("spec.json"));
  text.replace(text.find("area_mm2.typical <= 60"), 22, "area_mm2.typcal <= 60");
  write("spec.json", text);
  const auto failed = sweep("s.db", {"-j", "1", "--fail-fast"});
  EXPECT_EQ(failed.status, 1);
  EXPECT_THAT(failed.out, HasSubstr("70 points: 0 done, 0 infeasible, 1 failed, 69 not answered"));
  EXPECT_THAT(kiln({"sweep", "collect", path("s.db")}).out, HasSubstr("69 not answered"));
}

TEST_F(AdaptiveSweep, RefusesWhatItCannotDo) {
  const auto refused = [&](const std::vector<std::string>& more, const std::string& part) {
    const auto outcome = sweep("x.db", more);
    EXPECT_EQ(outcome.status, 2) << outcome.out;
    EXPECT_THAT(outcome.err, HasSubstr(part));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  };
  spec(70);
  refused({"--shard", "1/2"}, "whose points follow from answers to others: they cannot be answered in parts");
  if (!sweep::has_pagmo()) {
    refused({}, "this Kiln was built without pagmo2: install libpagmo-dev");
    return;
  }
  spec(401 * 18 + 1);
  refused({}, "/sample/points is 7219; there are 7218 different points");
}

}  // namespace
}  // namespace kiln
