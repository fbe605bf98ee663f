// The question of `kiln eval`, in the process. This executable links what study::evaluate() needs and nothing else.
#include "kiln/study/evaluate.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "support/study_test.hpp"

namespace kiln::study {
namespace {

using testing::HasSubstr;

const std::string kStories = KILN_SOURCE_DIR "/models/kiln-stories-1m";

class EvaluateStudy : public test::StudyTest {
 protected:
  [[nodiscard]] EvaluateQuestion of_ids(const std::string& ids) {
    EvaluateQuestion question;
    question.rom = baked("w8");
    question.tokens = write("ids.txt", ids);
    return question;
  }
};

TEST_F(EvaluateStudy, LinksNoSystemC) {
  // Of this process: what is linked is mapped. tests/study has the same test of a program that links it.
  std::ifstream file("/proc/self/maps");
  const std::string maps{std::istreambuf_iterator<char>(file), {}};
  ASSERT_THAT(maps, HasSubstr("libc.so"));
  EXPECT_THAT(maps, testing::Not(HasSubstr("systemc")));
}

TEST_F(EvaluateStudy, HandsOutTheLogitsOfEveryPosition) {
  std::string ids;
  for (int i = 0; i < 64; ++i) ids += std::to_string(i * 7 % 100) + (i % 8 == 7 ? "\n" : " ");
  auto question = of_ids(ids);
  question.checkpoint = tiny();
  question.context = 32;
  std::vector<std::size_t> positions;
  question.on_logits = [&](std::size_t index, std::span<const float> logits) {
    positions.push_back(index);
    EXPECT_EQ(logits.size(), 100U);
  };
  const auto answer = evaluate(question, environment_);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->evaluation.chunks, 2U);
  EXPECT_EQ(answer->evaluation.scored_tokens, 2U * 15U);
  EXPECT_EQ(answer->text_tokens, 64U);
  EXPECT_EQ(answer->context, 32U);
  ASSERT_TRUE(answer->evaluation.agreement);
  EXPECT_LT(answer->evaluation.agreement->mean_kl, 0.05);
  EXPECT_EQ(answer->rom_hash->size(), 32U);
  EXPECT_EQ(answer->checkpoint, tiny());
  ASSERT_EQ(positions.size(), 64U);
  EXPECT_TRUE(std::ranges::is_sorted(positions));
  EXPECT_TRUE(answer->warnings.empty());
}

TEST_F(EvaluateStudy, AShortTextIsOneChunkAndSaysSo) {
  const auto answer = evaluate(of_ids("1 2 3 4 5 6 7"), environment_);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->context, 6U);
  EXPECT_THAT(answer->warnings,
              testing::ElementsAre("the text has only 7 tokens: one chunk of 6 is evaluated instead of 512"));
  EXPECT_EQ(warned_, answer->warnings);
}

TEST_F(EvaluateStudy, TheScopeIsWhatWouldBeEvaluated) {
  auto question = of_ids("1 2 3 4 5 6 7 8 9 10 11 12 13 14");
  question.context = 4;
  const auto scoped = scope(question, environment_).value();
  const auto answer = evaluate(question, environment_).value();
  EXPECT_EQ(scoped.text_tokens, answer.text_tokens);
  EXPECT_EQ(scoped.context, answer.context);
  EXPECT_EQ(scoped.chunks, answer.evaluation.chunks);
  question.chunks = 2;
  EXPECT_EQ(scope(question, environment_)->chunks, 3U) << "as many as there are";
  question.context.reset();
  EXPECT_EQ(scope(question, environment_)->context, 14U);
  EXPECT_EQ(warned_.size(), 1U);
}

TEST_F(EvaluateStudy, RefusesWhatItCannotScore) {
  const auto refused = [&](const EvaluateQuestion& question) {
    const auto sentence = refusal(evaluate(question, environment_));
    EXPECT_EQ(refusal(scope(question, environment_)), sentence);
    return sentence;
  };
  EXPECT_THAT(refused({}), HasSubstr("--rom X.rom, --checkpoint P or both"));
  EXPECT_THAT(refused(of_ids("1 2 three")), HasSubstr("byte 4"));
  auto small = of_ids("1 2 100 4 5 6");
  small.context = 4;
  EXPECT_THAT(refused(small), HasSubstr("token 2 of the text is 100"));
  auto wide = of_ids("1 2 3 4 5 6");
  wide.context = 8;
  EXPECT_THAT(refused(wide), HasSubstr("6 tokens"));
  wide.context = 2;
  EXPECT_THAT(refused(wide), HasSubstr("at least 4"));
  EXPECT_THAT(refused(of_ids("")), HasSubstr("is empty"));
  auto text = of_ids("");
  std::swap(text.text, text.tokens);
  EXPECT_THAT(refused(text), HasSubstr("--text needs a tokenizer"));
  EvaluateQuestion bytes;
  bytes.checkpoint = kStories;
  bytes.text = write("bad.txt", "abc\xFFxyz");
  EXPECT_THAT(refused(bytes), HasSubstr("UTF-8"));
  auto other = of_ids("1 2 3 4 5 6");
  other.checkpoint = kStories;
  EXPECT_THAT(refused(other), HasSubstr("they must be the same model"));
}

TEST_F(EvaluateStudy, AStopEndsIt) {
  std::stop_source stop;
  stop.request_stop();
  environment_.progress.stop = stop.get_token();
  EXPECT_THAT(refusal(evaluate(of_ids("1 2 3 4 5 6"), environment_)), HasSubstr("interrupted"));
}

}  // namespace
}  // namespace kiln::study
