// The question of `kiln cost`, and what a run says of area and energy, in the process.
#include "kiln/study/cost.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "kiln/study/run.hpp"
#include "support/study_test.hpp"

namespace kiln::study {
namespace {

using testing::HasSubstr;

class CostStudy : public test::StudyTest {
 protected:
  [[nodiscard]] static CostQuestion of(const std::string& chip, const std::string& model) {
    CostQuestion question;
    question.chip = chip;
    question.model = model;
    return question;
  }
  [[nodiscard]] static CostQuestion small(const std::string& chip, const std::string& model) {
    auto question = of(chip, model);
    question.prompt_tokens = question.new_tokens = 2;
    return question;
  }
  [[nodiscard]] static CostAnswer must(base::Result<CostAnswer> answer) {
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return *std::move(answer);
  }
  [[nodiscard]] std::string refused(const CostQuestion& question) { return refusal(cost(question, environment_)); }
  [[nodiscard]] RunAnswer run_of(const std::string& chip, std::uint64_t users, std::uint64_t tokens) {
    RunQuestion question;
    question.chip = chip;
    question.model = "llama-3.1-8b";
    question.users = users;
    question.prompt_tokens = question.new_tokens = tokens;
    auto answer = run(question, environment_);
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return *std::move(answer);
  }
  const CostQuestion hc1_ = of("hc1", "llama-3.1-8b");
};

template <class Part>
void expect_adds_up(const std::vector<Part>& parts, base::Range Part::*figure, const base::Range& whole) {
  base::Range sum;
  for (const auto& part : parts) sum += part.*figure;
  for (const auto corner : base::kCorners) EXPECT_NEAR(sum.at(corner), whole.at(corner), 1e-9 * whole.at(corner));
}

TEST_F(CostStudy, PartsAddUp) {
  const auto answer = must(cost(hc1_, environment_));
  const auto& die = answer.chip.die;
  expect_adds_up(die.parts, &cost::Part::area_mm2, die.area_mm2);
  expect_adds_up(die.parts, &cost::Part::transistors, die.transistors);
  expect_adds_up(die.parts, &cost::Part::leakage_w, die.leakage_w);
  expect_adds_up(answer.chip.energy.parts, &cost::EnergyPart::mj_per_token, answer.chip.energy.mj_per_token);
  EXPECT_TRUE(answer.warnings.empty());
  ASSERT_TRUE(answer.money);
  EXPECT_EQ(answer.economics, "default");
}

TEST_F(CostStudy, Hc1IsNearThePublicFigures) {
  const auto run = run_of("hc1", 1, 1024);
  EXPECT_NEAR(*run.result.speed.tokens_per_s_user / 16960, 1, 0.03);
  ASSERT_TRUE(run.cost);
  EXPECT_NEAR(run.cost->die.area_mm2.typical / 815, 1, 0.15);
  EXPECT_NEAR(run.cost->die.transistors.typical / 53e9, 1, 0.10);
  EXPECT_GE(run.placement.kv().capacity_tokens, 6144U);
  for (const auto& figure :
       {run.cost->energy.mj_per_token, run.cost->energy.power_w, run.cost->die.area_mm2, run.cost->die.transistors}) {
    EXPECT_GT(figure.low, 0);
    EXPECT_LE(figure.low, figure.typical);
    EXPECT_LE(figure.typical, figure.high);
  }
  EXPECT_NEAR(run.cost->energy.power_w.typical,
              run.cost->energy.mj_per_token.typical * 2047 /
                  (static_cast<double>(run.result.chip.total.count()) / (run.placement.chip().clock_mhz * 1e3)),
              1e-6);
}

TEST_F(CostStudy, EnergyTakesTheOperationsThatTheRunCounted) {
  // The energy of arrays and trees is written as tokens times what a token does in each array; the units count the
  // same.
  const auto run = run_of("hc1", 2, 16);
  const std::uint64_t logits = 2 * 16, tokens = 2 * (16 + 16 - 1), columns = 4096;
  std::uint64_t products = 0, selections = 0, scales = 0, additions = 0, rows = 0;
  for (std::size_t i = 0; i < program::kArrays; ++i) {
    const auto& array = run.placement.array(static_cast<program::ArrayKind>(i));
    const std::uint64_t inputs = array.inputs, outputs = array.outputs, tiles = array.tiles();
    const std::uint64_t times = array.instances * (array.kind == program::ArrayKind::LmHead ? logits : tokens);
    const std::uint64_t side_by_side = (outputs + columns - 1) / columns;
    products += times * inputs * side_by_side;
    selections += times * inputs * outputs;
    scales += times * outputs * (inputs / 64);
    additions += times * outputs * (tiles / side_by_side - 1);
    rows += times * outputs;
  }
  const auto& counted = run.result.chip.activity;
  EXPECT_EQ(counted.products, products);
  EXPECT_EQ(counted.selections, selections);
  EXPECT_EQ(counted.group_scales, scales);
  EXPECT_EQ(counted.tree_additions, additions);
  EXPECT_EQ(counted.row_results, rows);
}

TEST_F(CostStudy, ClockPathsOfTheHc1FamilyAreMet) {
  for (const auto& [chip, model] : {std::pair("hc1", "llama-3.1-8b"),
                                    {"hc1-cell-per-weight", "llama-3.1-8b"},
                                    {"hc1-pipelined", "llama-3.1-8b"},
                                    {"hc1-x10", "llama-3.1-70b"}})
    for (const auto& path : must(cost(small(chip, model), environment_)).chip.paths)
      EXPECT_TRUE(path.meets_typical()) << chip << " " << path.name;
}

TEST_F(CostStudy, AnAutomaticLatencyIsItsFloorInTheAnswer) {
  auto longer = with("chip", {"vector.silu_cycles=40"});
  const auto given = must(cost(small("hc1", "llama-3.1-8b"), longer));
  const auto answer = must(cost(small("hc1", "llama-3.1-8b"), environment_));
  const auto floor = [](const CostAnswer& a) {
    return std::ranges::find(a.chip.paths, "SiLU", &cost::ClockPath::name)->floor_cycles;
  };
  EXPECT_EQ(answer.placement.chip().vector.silu_cycles, floor(given));
  EXPECT_THAT(answer.placement.chip().automatic, testing::Contains("/vector/silu_cycles"));
  EXPECT_THAT(given.placement.chip().automatic, testing::Not(testing::Contains("/vector/silu_cycles")));
  EXPECT_GT(answer.result.speed.tokens_per_s_total, given.result.speed.tokens_per_s_total);
}

TEST_F(CostStudy, BreakEvenSaysWhenBakingPaysAndWhenItNeverDoes) {
  auto question = hc1_;
  question.break_even = true;
  const auto usual = must(cost(question, environment_));
  ASSERT_EQ(usual.break_even.size(), 2U);
  EXPECT_EQ(usual.break_even[0].gpu, "h100-sxm");
  EXPECT_EQ(usual.break_even[1].gpu, "b200");
  EXPECT_FALSE(usual.break_even[0].answer.volumes.front().months.typical);  // so few tokens never pay for a chip
  EXPECT_TRUE(usual.break_even[0].answer.volumes.back().months.typical);
  question.gpus = {"h200"};
  question.gpu_batch = 32;
  const auto answer = must(cost(question, environment_));
  ASSERT_EQ(answer.break_even.size(), 1U);
  const auto& against = answer.break_even[0];
  EXPECT_EQ(against.gpu, "h200");
  EXPECT_EQ(against.basis, "fp8, 32 users at a time, 1024 tokens in and 1024 out");
  EXPECT_EQ(against.answer.cells.size(), against.answer.lifetimes.size() * against.answer.volumes.size());
  // A model that lives longer pays at a smaller volume.
  double before = 1e300;
  for (const auto& row : against.answer.lifetimes) {
    if (!row.tokens_per_day.typical) continue;
    EXPECT_TRUE(std::isfinite(*row.tokens_per_day.typical));
    EXPECT_LE(*row.tokens_per_day.typical, before);
    before = *row.tokens_per_day.typical;
  }
  EXPECT_LT(before, 1e300);
}

TEST_F(CostStudy, MoreTokensThanTheCacheHoldsAreRefusedOrFewer) {
  auto question = of("demo", "kiln-stories-1m");
  question.prompt_tokens = 1000;
  question.new_tokens = 1049;  // the last one never enters the cache
  const auto whole = must(cost(question, environment_));
  ASSERT_EQ(whole.placement.kv().capacity_tokens, 2048U);
  EXPECT_FALSE(whole.shortened_from);
  question.new_tokens = 1050;
  EXPECT_EQ(refused(question),
            "the KV cache of chip demo holds 2048 tokens; 1000 in and 1050 out need 2049 (--shorten takes as many as "
            "there is room for)");
  question.shorten = true;
  const auto answer = must(cost(question, environment_));
  EXPECT_EQ(answer.lengths, (Lengths{1000, 1049}));
  EXPECT_EQ(answer.shortened_from, (Lengths{1000, 1050}));
  ASSERT_EQ(answer.warnings.size(), 1U);
  EXPECT_THAT(answer.warnings[0], HasSubstr("in and"));
  EXPECT_EQ(answer.verdict.buildable, true);  // for the lengths that it was weighed with
  question.prompt_tokens = question.new_tokens = 1U << 20;
  EXPECT_EQ(must(cost(question, environment_)).lengths, (Lengths{1024, 1025}));
}

TEST_F(CostStudy, RefusesWhatHasNoAnswer) {
  const auto hc1 = small("hc1", "llama-3.1-8b");
  auto question = hc1;
  question.gpus = {"h200"};
  EXPECT_THAT(refused(question), HasSubstr("--gpu is for --break-even"));
  question.break_even = true;
  question.gpus = {"l4"};
  EXPECT_THAT(refused(question), HasSubstr("/price_usd_per_h"));
  question = hc1;
  question.users = 0;
  EXPECT_THAT(refused(question), HasSubstr("--users is 0; 1 to 65536 is expected"));
  for (const auto& [kind, change, part] : {std::tuple("chip", "silicon.technology=n66", "the nearest is \"n6\""),
                                           {"chip", "silicon.rom_cell=metal", "bit_serial"},
                                           {"tech", "wafer_usd.low=20000", "/wafer_usd"}}) {
    auto environment = with(kind, {change});
    EXPECT_THAT(refusal(cost(hc1, environment)), HasSubstr(part));
  }
}

TEST_F(CostStudy, AChipThatSaysNothingOfItsSiliconHasNoAreaAndNoEnergy) {
  const auto bare = write("bare.json", without_silicon("demo"));
  EXPECT_FALSE(run_of(bare, 1, 4).cost);
  EXPECT_THAT(refused(of(bare, "kiln-stories-1m")), HasSubstr("has no /silicon"));
}

TEST_F(CostStudy, ASamplerThatKeepsFewCandidatesHasAnAnswerAsInARun) {
  auto environment = with("chip", {"sampler.max_top_k=1"});
  EXPECT_TRUE(cost(small("hc1", "llama-3.1-8b"), environment).ok());
}

TEST_F(CostStudy, ADieThatNoWaferHoldsHasAnAreaAndNoPrice) {
  auto question = small("hnlpu", "gpt-oss-120b-dense");
  const auto answer = must(cost(question, environment_));
  EXPECT_GT(answer.chip.die.area_mm2.typical, 2e4);
  EXPECT_GT(answer.chip.die.area_mm2.low, cost::kReticleMm2);
  EXPECT_FALSE(answer.money);
  EXPECT_THAT(answer.no_money, HasSubstr("a die of"));
  question.break_even = true;
  EXPECT_THAT(refused(question), HasSubstr("--break-even: a die of"));
}

TEST_F(CostStudy, ADieLargerThanAnyWaferHasAnAreaAndNoPrice) {
  auto question = small("demo-bit-serial", "llama-3.1-8b");  // a layer after the other in the cells of a demo
  const auto answer = must(cost(question, environment_));
  EXPECT_GT(answer.chip.die.area_mm2.high, 1e6);
  EXPECT_FALSE(answer.money);
  EXPECT_THAT(answer.no_money, HasSubstr("expected areas above 0 that do not fall, at most 1000000 mm2"));
  question.break_even = true;
  EXPECT_THAT(refused(question), testing::StartsWith("--break-even: a die of"));
}

TEST_F(CostStudy, EveryShippedChipIsAnsweredOrRefusedWithEveryModel) {
  // What the program itself does wrong is thrown, and fails the test.
  const auto chips = environment_.configs().names("chip"), models = environment_.configs().names("model");
  for (std::size_t c = 0; c < chips.size(); ++c)
    for (std::size_t m = 0; m < models.size(); ++m) {
      SCOPED_TRACE(chips[c] + " " + models[m]);
      const auto answer = cost(small(chips[c], models[m]), environment_);
      if (answer) {
        EXPECT_EQ(answer->no_money.empty(), answer->money.has_value());
        EXPECT_FALSE(answer->result.mismatch) << *answer->result.mismatch;
      } else {
        EXPECT_THAT(answer.error().message, HasSubstr(models[m]));
      }
    }
}

TEST_F(CostStudy, AnOverrideOfATechnologyIsTaken) {
  const auto hc1 = small("hc1", "llama-3.1-8b");
  const auto before = must(cost(hc1, environment_)).money->die.usd_per_good_die.typical;
  auto dearer = with("tech", {"wafer_usd.typical=10280.6"});
  EXPECT_NEAR(must(cost(hc1, dearer)).money->die.usd_per_good_die.typical / before, 1.1, 1e-6);
}

}  // namespace
}  // namespace kiln::study
