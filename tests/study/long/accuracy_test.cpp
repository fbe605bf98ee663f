// The accuracies that are said to be known, measured again.
#include "kiln/study/accuracy.hpp"

#include "kiln/study/evaluate.hpp"
#include "support/study_test.hpp"

namespace kiln::study {
namespace {

class MeasuredAccuracy : public test::StudyTest {};

TEST_F(MeasuredAccuracy, IsWhatEvalSays) {
  const std::string stories = KILN_SOURCE_DIR "/models/kiln-stories-1m";
  for (const auto* name : {"w8", "w4", "w3w6", "w2"}) {
    SCOPED_TRACE(name);
    EvaluateQuestion question;
    question.rom = baked(name, stories);
    question.checkpoint = stories;
    question.text = stories + "/heldout.txt";
    question.context = 256;
    const auto answer = evaluate(question, environment_);
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    const auto& measured = *answer->evaluation.agreement;
    const auto known = measured_accuracy("kiln-stories-1m", shipped().recipe(name).value());
    ASSERT_TRUE(known);
    EXPECT_NEAR(known->perplexity_ratio, measured.perplexity_ratio, 6e-5);
    EXPECT_NEAR(known->kl_divergence, measured.mean_kl, 6e-5);
    EXPECT_NEAR(known->top1_agreement, measured.top1, 6e-5);
  }
}

}  // namespace
}  // namespace kiln::study
