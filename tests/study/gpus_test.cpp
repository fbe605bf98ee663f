// The question of `kiln baseline`, and the rows beside a chip.
#include "kiln/study/gpus.hpp"

#include <set>

#include "support/study_test.hpp"

namespace kiln::study {
namespace {

using testing::HasSubstr;

class GpuStudy : public test::StudyTest {
 protected:
  [[nodiscard]] GpuAnswer must(const GpuQuestion& question) {
    auto answer = gpus(question, environment_);
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return *std::move(answer);
  }
};

TEST_F(GpuStudy, IsABandOrTheEngineAskedFor) {
  GpuQuestion question;
  question.model = "llama-3.1-8b";
  question.gpus = {"h200"};
  const auto band = must(question).rows.figures;
  ASSERT_EQ(band.size(), 3U);
  EXPECT_EQ(band[0].engine, baseline::Engine::Median);
  EXPECT_TRUE(band[1].best);
  EXPECT_GT(band[1].tokens_per_s_user, band[0].tokens_per_s_user);
  EXPECT_TRUE(band[2].best_case);
  EXPECT_GT(band[2].tokens_per_s_user, band[1].tokens_per_s_user);
  for (std::size_t e = 1; e < baseline::kEngines; ++e) {
    question.query.engine = static_cast<baseline::Engine>(e);
    const auto one = must(question).rows.figures;
    ASSERT_EQ(one.size(), 1U);
    EXPECT_EQ(one[0].engine, question.query.engine);
  }
}

TEST_F(GpuStudy, WithoutNamesAllAreAsked) {
  GpuQuestion question;
  question.model = "llama-3.1-8b";
  std::set<std::string> names;
  const auto answer = must(question);
  for (const auto& figure : answer.rows.figures) names.insert(figure.gpu);
  EXPECT_EQ(names.size(), environment_.configs().gpus().size());
  EXPECT_EQ(answer.model.layers, 32U);
  EXPECT_TRUE(answer.rows.machines.empty());
  question.machines = true;
  EXPECT_GE(must(question).rows.machines.size(), 7U);
}

TEST_F(GpuStudy, BesideAChipFp8StandsWhereTheHardwareHasIt) {
  const auto rows = compare_gpus(environment_.configs(), *environment_.configs().model("llama-3.1-8b"), 8, 1535);
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  EXPECT_EQ(rows->batch, 8U);
  EXPECT_EQ(rows->context, 1535U);
  std::size_t fp8 = 0;
  for (const auto& figure : rows->figures) {
    if (figure.precision != baseline::Precision::Fp8) continue;
    ++fp8;
    EXPECT_TRUE(environment_.configs().gpu(figure.gpu)->fp8_in_hardware) << figure.gpu;
  }
  EXPECT_GT(fp8, 0U);
  EXPECT_LT(fp8, rows->figures.size() / 2);
}

TEST_F(GpuStudy, ALoadMayComeInAnyOrder) {
  const auto model = *environment_.configs().model("llama-3.1-8b");
  const std::vector<baseline::LoadRequest> in_order = {{0, 100, 20}, {5e3, 200, 1}, {9e3, 50, 30}};
  const std::vector<baseline::LoadRequest> turned(in_order.rbegin(), in_order.rend());
  const auto rows = compare_gpus_under_load(environment_.configs(), model, in_order);
  const auto same = compare_gpus_under_load(environment_.configs(), model, turned);
  ASSERT_TRUE(rows.ok() && same.ok());
  ASSERT_EQ(rows->size(), same->size());
  for (std::size_t i = 0; i < rows->size(); ++i) {
    EXPECT_EQ((*rows)[i].ttft_us.p50, (*same)[i].ttft_us.p50);
    EXPECT_EQ((*rows)[i].tokens_per_s_total, (*same)[i].tokens_per_s_total);
    if ((*rows)[i].refused > 0) continue;
    EXPECT_EQ((*rows)[i].ttft_us.count, 3U);
    EXPECT_EQ((*rows)[i].time_per_token_us.count, 2U);  // of one token there is no pace
  }
}

TEST_F(GpuStudy, TheMeanContextIsThatOfTheAnswersMiddle) {
  EXPECT_EQ(mean_context(1024, 1024), 1535U);
  EXPECT_EQ(mean_context(7, 1), 7U);
}

TEST_F(GpuStudy, UnknownNamesAreRefused) {
  GpuQuestion question;
  question.model = "llama-3.1-8b";
  question.gpus = {"h100-smx"};
  EXPECT_THAT(refusal(gpus(question, environment_)), HasSubstr("h100-sxm"));
}

}  // namespace
}  // namespace kiln::study
