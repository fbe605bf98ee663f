// An adapter made by scripts/make-lora on the embedded model: as close to the reference with it as without, cycles of
// the page's formula.
#include <cstdlib>

#include "kiln/study/evaluate.hpp"
#include "kiln/study/run.hpp"
#include "support/study_test.hpp"

namespace kiln::study {
namespace {

const std::string kStories = KILN_SOURCE_DIR "/models/kiln-stories-1m";

class Lora : public test::StudyTest {
 protected:
  [[nodiscard]] std::string adapter(const std::string& options) const {
    const std::string command =
        KILN_SOURCE_DIR "/scripts/make-lora --model " + kStories + " -o " + path("adapter") + " " + options;
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return path("adapter");
  }
  [[nodiscard]] RunQuestion question() {
    RunQuestion question;
    question.rom = baked("w8", kStories);
    question.chip = "demo";
    question.prompt = "Once upon";
    question.new_tokens = 12;
    return question;
  }
  /// On `demo` with latencies of the adapter's unit and registers of links as numbers: macs move neither.
  [[nodiscard]] static RunAnswer answer(const RunQuestion& question, std::vector<config::Override> chip = {}) {
    for (const char* latency : {"read_cycles=2", "multiply_cycles=3", "accumulate_cycles=8", "quantise_cycles=4"})
      chip.push_back(std::string("lora.") + latency);
    for (const auto& [which, key] : config::kNamedLinks) chip.push_back("link." + std::string(key) + "=1");
    auto environment = with("chip", std::move(chip));
    auto answer = run(question, environment);
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_FALSE(answer->mismatch());
    return *std::move(answer);
  }
};

TEST_F(Lora, TheChipIsAsCloseToTheReferenceAsWithoutAnAdapter) {
  EvaluateQuestion question;
  question.rom = baked("w8", kStories);
  question.checkpoint = kStories;
  question.text = kStories + "/heldout.txt";
  question.context = 128;
  question.chunks = 3;
  const auto without = evaluate(question, environment_);
  ASSERT_TRUE(without.ok()) << without.error().message;
  question.lora = adapter("--rank 8 --strength 0.1");
  const auto with = evaluate(question, environment_);
  ASSERT_TRUE(with.ok()) << with.error().message;
  EXPECT_EQ(with->lora, question.lora);
  // The adapter does something, to both.
  EXPECT_GT(std::abs(with->evaluation.reference->mean_nll - without->evaluation.reference->mean_nll), 0.01);
  EXPECT_NEAR(with->evaluation.chip->mean_nll, with->evaluation.reference->mean_nll, 0.01);
  EXPECT_LT(with->evaluation.agreement->mean_kl, 0.001);  // docs/lora.md: 0.0004 on longer text
  EXPECT_GT(with->evaluation.agreement->top1, 0.96);
}

TEST_F(Lora, CyclesFollowTheFormulaAndTokensDoNotDependOnThem) {
  auto asked = question();
  const auto without = answer(asked);
  asked.lora = adapter("--rank 16 --targets q_proj,down_proj --strength 2");
  const auto adapted = answer(asked);
  const auto wide = answer(asked, {"lora.macs=1048576"});
  EXPECT_NE(adapted.token_ids, without.token_ids);
  EXPECT_TRUE(without.accuracy.has_value());
  EXPECT_FALSE(adapted.accuracy.has_value());  // nobody measured it with this adapter
  EXPECT_EQ(adapted.token_ids, wide.token_ids);
  constexpr auto kLora = static_cast<std::size_t>(program::Unit::Lora);
  EXPECT_FALSE(without.placement.dataflow().has(program::Unit::Lora));
  EXPECT_EQ(wide.result.chip.critical_path[kLora].count(), 0U);
  // 5 layers; demo: 64 weights a cycle, 2 * (2 + 3 + 8) + 4 = 30 cycles beside. q: 128 inputs, 128 outputs: 32 + 32
  // cycles. down: 384 inputs, 128 outputs: 96 + 32. The embedded model's arrays take as many cycles with the adapter
  // hidden.
  const std::uint64_t tokens = adapted.prompt_tokens + 11;
  std::uint64_t computed = 0;
  for (const auto& unit : adapted.result.chip.by_unit)
    if (unit.unit == program::Unit::Lora)
      computed = unit.by_category[static_cast<std::size_t>(chip::CycleCategory::Compute)].count();
  EXPECT_EQ(computed, tokens * 5 * (30 + 64 + 30 + 128));
  EXPECT_EQ(adapted.result.chip.activity.lora_macs, tokens * 5 * 64 * (64 + 128));
  EXPECT_EQ(adapted.result.chip.total - wide.result.chip.total, adapted.result.chip.critical_path[kLora]);
  const auto& shape = adapted.placement.dataflow().adapter();
  EXPECT_EQ(shape.rank(config::TensorClass::Q), 16U);
  EXPECT_EQ(shape.rank(config::TensorClass::Down), 16U);
  EXPECT_EQ(shape.rank(config::TensorClass::K), 0U);

  auto timing = asked;
  timing.timing_only = true;
  EXPECT_EQ(answer(timing).result.chip.total, adapted.result.chip.total);
  timing.rom.clear();
  timing.model = "kiln-stories-1m";
  timing.prompt = std::nullopt;
  timing.prompt_tokens = adapted.prompt_tokens;
  EXPECT_EQ(answer(timing).result.chip.total, adapted.result.chip.total);
}

}  // namespace
}  // namespace kiln::study
