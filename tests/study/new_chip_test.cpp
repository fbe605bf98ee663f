// A first chip: the file is short, extends, loads and can be built; what cannot be is said.
#include "kiln/study/new_chip.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kiln/study/cost.hpp"
#include "support/study_test.hpp"

namespace kiln::study {
namespace {

using testing::HasSubstr;

class NewChipStudy : public test::StudyTest {
 protected:
  static NewChipQuestion small(double area_mm2) {
    NewChipQuestion question;
    question.model = "kiln-stories-1m";
    question.node = "n7";
    question.area_mm2 = area_mm2;
    question.context = 256;
    return question;
  }
};

TEST_F(NewChipStudy, IsAShortFileThatCanBeBuilt) {
  const auto made = new_chip(small(14), environment_);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_GT(made->points, 20U);
  EXPECT_LE(std::count(made->file.begin(), made->file.end(), '\n'), 15);
  EXPECT_THAT(made->file, HasSubstr("\"extends\": \"base\""));
  CostQuestion question;
  question.chip = write("mine.json", made->file);
  question.model = "kiln-stories-1m";
  question.recipe = "w3w6";
  question.prompt_tokens = 128;
  question.new_tokens = 129;
  const auto again = cost(question, environment_);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_TRUE(again->verdict.is_buildable());
  EXPECT_LE(again->chip.die.area_mm2.typical, 14);
  EXPECT_DOUBLE_EQ(again->chip.die.area_mm2.typical, made->cost.chip.die.area_mm2.typical);
  EXPECT_GE(again->placement.kv().capacity_tokens, 256U);
  EXPECT_EQ(again->placement.chip().silicon->technology, "n7");
  // The description says the rate that a simulation has.
  EXPECT_THAT(again->placement.chip().description,
              HasSubstr(fmt::format("{:.0f} tokens/s", *again->result.speed.tokens_per_s_user)));
}

TEST_F(NewChipStudy, SaysTheSmallestWhereTheAreaIsTooSmall) {
  const auto none = new_chip(small(0.01), environment_);
  ASSERT_FALSE(none.ok());
  EXPECT_THAT(none.error().message, testing::MatchesRegex("--area 0.01: kiln-stories-1m on n7 takes [0-9]+ mm2 of one "
                                                          "die"));
}

TEST_F(NewChipStudy, ChecksItsQuestion) {
  EXPECT_EQ(check(small(0)).error().message,
            "--area is 0; above 0, to 858 mm2 is expected: no scanner exposes more at once");
  EXPECT_FALSE(check(small(859)).ok());
  auto question = small(14);
  question.dies = 0;
  EXPECT_EQ(check(question).error().message, "--dies is 0; 1 to 1024 is expected");
  question = small(14);
  question.context = 1;
  EXPECT_EQ(check(question).error().message, "--context is 1; 2 to 1048576 is expected");
  EXPECT_TRUE(check(small(14)).ok());
}

}  // namespace
}  // namespace kiln::study
