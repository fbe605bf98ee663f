// Which accuracy is known, and that nothing else is said to be.
#include "kiln/study/accuracy.hpp"

#include "kiln/study/run.hpp"
#include "support/study_test.hpp"

namespace kiln::study {
namespace {

class AccuracyStudy : public test::StudyTest {};

TEST_F(AccuracyStudy, IsKnownForTheEmbeddedModelAndEachShippedRecipe) {
  for (const auto* name : {"w8", "w4", "w3w6", "w2"}) {
    auto recipe = shipped().recipe(name);
    ASSERT_TRUE(recipe.ok());
    const auto known = measured_accuracy("kiln-stories-1m", *recipe);
    ASSERT_TRUE(known) << name;
    EXPECT_GE(known->perplexity_ratio, 1) << name;
    EXPECT_FALSE(measured_accuracy("llama-3.1-8b", *recipe)) << name;
    recipe->name = "another name";
    EXPECT_TRUE(measured_accuracy("kiln-stories-1m", *recipe)) << name;
    recipe->formats[0].bits = recipe->formats[0].bits + 1;
    EXPECT_FALSE(measured_accuracy("kiln-stories-1m", *recipe)) << name;
  }
}

TEST_F(AccuracyStudy, IsPartOfARun) {
  RunQuestion question;
  question.model = "kiln-stories-1m";
  question.recipe = "w4";
  question.chip = "demo";
  question.prompt_tokens = question.new_tokens = 2;
  const auto answer = run(question, environment_);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  ASSERT_TRUE(answer->accuracy);
  EXPECT_EQ(answer->accuracy->perplexity_ratio, 1.0250);
}

}  // namespace
}  // namespace kiln::study
