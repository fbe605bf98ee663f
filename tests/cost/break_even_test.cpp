// When baking pays: points by hand, both sides of the table, and what the closed forms say against trying.
#include "kiln/cost/break_even.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include "base/mapped_file.hpp"
#include "cost/money_testing.hpp"
#include "support/seed.hpp"

namespace kiln::cost {
namespace {

using testing::HasSubstr;

constexpr double kDaysAMonth = 365.0 / 12;

/// A GPU of 2,000 tokens/s at 3.6 USD an hour, busy half the time: a dollar for a million tokens.
BreakEvenQuestion plain_question() {
  BreakEvenQuestion question;
  question.machine = plain_machine();
  question.gpu = {"plain", 2000, {3.6, 3.6, 3.6}};
  return question;
}

BreakEven answer(const BreakEvenQuestion& question) {
  auto result = break_even(question, plain_tech(), plain_economics());
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
  return result.value();
}

// One machine, by hand: 432 million tokens a day at half time. Its card costs 400; its month 600 / 48 = 12.5 of a
// server and 0.3 kW x 0.2 x 730 h x 1.5 x 0.1 = 6.57 of waiting; a million tokens 0.3 kW x 0.8 x 0.15 / 36 = 0.001.
constexpr double kMachineTokensADay = 432e6;
double machine_usd(double months) { return 400 * std::max(1.0, months / 48) + (12.5 + 6.57) * months; }

TEST(BreakEven, CostsOfACellAreThoseByHand) {
  auto question = plain_question();
  question.lifetimes_months = {14};
  question.tokens_per_day = {1e9};
  const auto result = answer(question);
  ASSERT_EQ(result.cells.size(), 1U);
  const auto& cell = result.cells.front();
  EXPECT_NEAR(cell.gpu_usd_per_mtok.typical, 1, 1e-12);
  const double millions = 1e3 * 365;  // a year of service, two months after the model's release
  const double chip = (1e6 + 3 * machine_usd(12)) / millions + 0.001;
  EXPECT_NEAR(cell.chip_usd_per_mtok.typical.value(), chip, 1e-9);
  EXPECT_NEAR(cell.gpu_to_chip.typical.value(), 1 / chip, 1e-9);
  EXPECT_EQ(result.volumes.front().cards.typical, 3);
  EXPECT_NEAR(result.volumes.front().gpus.typical, 1e9 / (2000 * 43200.0), 1e-9);
  EXPECT_EQ(result.utilisation, 0.5);
}

TEST(BreakEven, MonthsAreThoseByHand) {
  auto question = plain_question();
  question.tokens_per_day = {1e9};
  const auto result = answer(question);
  const double saved = 1e3 * kDaysAMonth * (1 - 0.001) - 3 * (12.5 + 6.57);
  EXPECT_NEAR(result.volumes.front().months.typical.value(), 2 + (1e6 + 3 * 400) / saved, 1e-9);
}

TEST(BreakEven, AModelWithFewTokensNeverPaysAndOneWithManySoonDoes) {
  auto question = plain_question();
  question.tokens_per_day = {1e7, 1e11};
  const auto result = answer(question);
  EXPECT_FALSE(result.volumes[0].months.typical.has_value());
  EXPECT_LT(result.volumes[1].months.typical.value(), 3);
  EXPECT_LT(result.cells.front().gpu_to_chip.typical.value(), 1);
  EXPECT_GT(result.cells.back().gpu_to_chip.typical.value(), 1);
}

TEST(BreakEven, AModelThatDiesBeforeItsChipComesHasNoPrice) {
  auto question = plain_question();
  question.lifetimes_months = {1, 2};
  const auto result = answer(question);
  for (const auto& row : result.lifetimes) EXPECT_FALSE(row.tokens_per_day.typical || row.cards.typical);
  for (const auto& cell : result.cells) EXPECT_FALSE(cell.chip_usd_per_mtok.typical || cell.gpu_to_chip.typical);
}

TEST(BreakEven, ADearChipAgainstACheapGpuNeverPays) {
  auto question = plain_question();
  question.gpu.usd_per_h = {0, 0, 0};
  const auto free = answer(question);
  for (const auto& row : free.lifetimes) EXPECT_FALSE(row.tokens_per_day.typical);
  for (const auto& row : free.volumes) EXPECT_FALSE(row.months.typical);
  for (const auto& cell : free.cells) EXPECT_EQ(cell.gpu_to_chip.typical.value(), 0);
}

BreakEvenQuestion vague_question(Release release) {
  BreakEvenQuestion question;
  question.machine.die = die_of_area({780, 815, 850}).value();
  question.machine.tokens_per_s_total = {15000, 16000, 16960};
  question.machine.power_w = {150, 200, 260};
  question.release = release;
  question.gpu = {"h100-sxm", 8000, {2.69, 3.49, 4.29}};
  return question;
}

/// Where chips pay and where not, by trying volumes around the answer.
TEST(BreakEven, FromTheVolumeOnChipsPayAndJustBelowTheyDoNot) {
  for (const Release release : {Release::NewModel, Release::FirstChip}) {
    auto question = vague_question(release);
    const auto found = break_even(question, n6(), shipped_economics());
    ASSERT_TRUE(found.ok()) << found.error().message;
    for (const auto& row : found->lifetimes) {
      for (const auto corner : base::kCorners) {
        if (!row.tokens_per_day.at(corner)) continue;
        const double volume = *row.tokens_per_day.at(corner);
        question.lifetimes_months = {row.lifetime_months};
        question.tokens_per_day = {volume * (1 - 1e-9)};
        for (double factor = 1 + 1e-9; factor < 40; factor *= 1.013) question.tokens_per_day.push_back(volume * factor);
        const auto tried = break_even(question, n6(), shipped_economics());
        ASSERT_TRUE(tried.ok()) << tried.error().message;
        const auto opposite = corner == base::Corner::Low    ? base::Corner::High
                              : corner == base::Corner::High ? base::Corner::Low
                                                             : corner;
        EXPECT_LT(tried->cells.front().gpu_to_chip.at(opposite).value(), 1);
        for (std::size_t i = 1; i < tried->cells.size(); ++i)
          EXPECT_GE(tried->cells[i].gpu_to_chip.at(opposite).value(), 1) << tried->cells[i].tokens_per_day;
        EXPECT_EQ(tried->volumes[1].cards.at(corner), row.cards.at(corner).value());
      }
    }
  }
}

TEST(BreakEven, AtTheMonthsBothCostTheSame) {
  for (const Release release : {Release::NewModel, Release::FirstChip}) {
    auto question = vague_question(release);
    const auto found = break_even(question, n6(), shipped_economics());
    ASSERT_TRUE(found.ok());
    int crossings = 0;
    for (const auto& row : found->volumes) {
      if (!row.months.typical) continue;
      question.lifetimes_months = {*row.months.typical};
      question.tokens_per_day = {row.tokens_per_day};
      const auto tried = break_even(question, n6(), shipped_economics());
      ASSERT_TRUE(tried.ok());
      EXPECT_NEAR(tried->cells.front().gpu_to_chip.typical.value(), 1, 1e-6);
      ++crossings;
    }
    EXPECT_GT(crossings, 2);
  }
}

TEST(BreakEven, CardsBoughtAnewPutTheMonthsOff) {
  // Cards that last 1.2 months: a service that takes longer buys them again and again.
  auto economics = plain_economics();
  economics.depreciation_years = constant(0.1);
  economics.server_usd = constant(0);
  auto question = plain_question();
  question.tokens_per_day = {1e9};
  const auto result = break_even(question, plain_tech(), economics);
  ASSERT_TRUE(result.ok());
  const double saved = 1e3 * kDaysAMonth * (1 - 0.001) - 3 * 6.57 - 3 * 400 / 1.2;
  EXPECT_NEAR(result->volumes.front().months.typical.value(), 2 + 1e6 / saved, 1e-9);
  economics.card_usd = constant(100e3);
  EXPECT_FALSE(break_even(question, plain_tech(), economics)->volumes.front().months.typical.has_value());
}

void expect_ordered_cases(const Cases& cases) {
  const auto before = [](const std::optional<double>& a, const std::optional<double>& b) {
    EXPECT_LE(a.value_or(0), b.value_or(a.value_or(0)));
    EXPECT_TRUE(std::isfinite(a.value_or(0)) && std::isfinite(b.value_or(0)));
  };
  before(cases.low, cases.typical);
  before(cases.typical, cases.high);
  before(cases.low, cases.high);
}

void expect_sound(const BreakEven& result) {
  for (const auto& row : result.lifetimes) {
    expect_ordered_cases(row.tokens_per_day);
    // What pays in a dear case pays in a cheap one.
    EXPECT_TRUE(row.tokens_per_day.low || !row.tokens_per_day.typical);
    EXPECT_TRUE(row.tokens_per_day.typical || !row.tokens_per_day.high);
  }
  for (const auto& row : result.volumes) {
    expect_ordered_cases(row.months);
    expect_ordered(row.cards);
    EXPECT_TRUE(row.months.low || !row.months.typical);
    EXPECT_TRUE(row.months.typical || !row.months.high);
  }
  for (const auto& cell : result.cells) {
    expect_ordered_cases(cell.chip_usd_per_mtok);
    expect_ordered_cases(cell.gpu_to_chip);
    expect_ordered(cell.gpu_usd_per_mtok);
  }
}

TEST(BreakEven, EverythingIsOrderedAndFinite) {
  for (const Release release : {Release::NewModel, Release::FirstChip}) {
    const auto result = break_even(vague_question(release), n6(), shipped_economics());
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_EQ(result->lifetimes.size(), 5U);
    EXPECT_EQ(result->volumes.size(), 6U);
    EXPECT_EQ(result->cells.size(), 30U);
    expect_sound(*result);
  }
}

TEST(BreakEven, ConstantsFromAnywhereInTheirRangesGiveOrderedFiniteFigures) {
  const auto seed = static_cast<unsigned>(support::test_seed(11));
  std::mt19937 random(seed);
  const auto part = [&] { return static_cast<double>(random()) / 4294967296.0; };
  for (int round = 0; round < 300 && !HasFailure(); ++round) {
    auto economics = shipped_economics();
    for (const auto& field : config::fields(economics)) {
      if (random() % 2 == 0) continue;
      // Small values as often as large ones, and now and then the ends.
      std::array<double, 3> values{};
      for (double& value : values)
        value = random() % 8 == 0 ? (random() % 2 == 0 ? field.minimum : field.maximum)
                                  : field.minimum + (field.maximum - field.minimum) * std::pow(part(), 8);
      std::sort(values.begin(), values.end());
      *field.constant = constant(values[0], values[1], values[2]);
    }
    auto question = vague_question(round % 2 == 0 ? Release::NewModel : Release::FirstChip);
    question.machine.dies = 1 + random() % 12;
    question.gpu.usd_per_h = {3.59, 4.09, 4.59};
    question.gpu.tokens_per_s_total = 1e5 * part() + 1;
    SCOPED_TRACE(fmt::format("KILN_SEED={} round {}", seed, round));
    const auto result = break_even(question, n6(), economics);
    ASSERT_TRUE(result.ok()) << result.error().message;
    expect_sound(*result);
  }
}

TEST(BreakEven, LongerLivesNeedFewerTokensAndMoreTokensShorterLives) {
  const auto result = break_even(vague_question(Release::FirstChip), n6(), shipped_economics());
  ASSERT_TRUE(result.ok());
  double before = std::numeric_limits<double>::infinity();
  for (const auto& row : result->lifetimes) {
    ASSERT_TRUE(row.tokens_per_day.typical.has_value());
    EXPECT_LT(*row.tokens_per_day.typical, before);
    before = *row.tokens_per_day.typical;
  }
  before = std::numeric_limits<double>::infinity();
  for (const auto& row : result->volumes) {
    const double months = row.months.typical.value_or(std::numeric_limits<double>::infinity());
    EXPECT_LE(months, before);
    before = months;
  }
}

TEST(BreakEven, AModelOnTenDiesPaysForTenCardsAndTenPairsOfMasks) {
  auto question = plain_question();
  question.tokens_per_day = {1e9};
  question.machine.dies = 10;
  const auto result = answer(question);
  EXPECT_EQ(result.one_off.masks_usd.typical, 3e6);
  EXPECT_EQ(result.volumes.front().cards.typical, 30);
}

/// "5.25e+09 (1.47e+09 to 2.01e+10)".
std::string shown(const Cases& cases, const std::string& missing = "never") {
  const auto one = [&](const std::optional<double>& value) { return value ? fmt::format("{:.3g}", *value) : missing; };
  return fmt::format("{} ({} to {})", one(cases.typical), one(cases.low), one(cases.high));
}

std::string page_rows(const config::TechConfig& tech, const config::EconomicsConfig& economics) {
  BreakEvenQuestion question;
  question.machine.die = die_of_area({815, 815, 815}).value();
  question.machine.tokens_per_s_total = {16960, 16960, 16960};
  question.machine.power_w = {200, 200, 250};
  question.gpu = {"h100-sxm", 8000, base::Range{2.69, 3.49, 4.29}};
  const BreakEven again = break_even(question, tech, economics).value();
  question.release = Release::FirstChip;
  const BreakEven first = break_even(question, tech, economics).value();
  std::string rows =
      "| a model that lives | a new model pays from, tokens a day | cards | a first chip |\n|---:|---|---|---|\n";
  for (std::size_t i = 0; i < again.lifetimes.size(); ++i)
    rows += fmt::format("| {} months | {} | {} | {} |\n", again.lifetimes[i].lifetime_months,
                        shown(again.lifetimes[i].tokens_per_day), shown(again.lifetimes[i].cards),
                        shown(first.lifetimes[i].tokens_per_day));
  rows +=
      "\n| tokens a day | cards | GPUs | a new model pays after, months | a first chip |\n|---:|---:|---:|---|---|\n";
  for (std::size_t i = 0; i < again.volumes.size(); ++i)
    rows += fmt::format("| {:.0e} | {} | {:.2f} | {} | {} |\n", again.volumes[i].tokens_per_day,
                        again.volumes[i].cards.typical, again.volumes[i].gpus.typical, shown(again.volumes[i].months),
                        shown(first.volumes[i].months));
  rows += "\n| a new model: GPU / chip |";
  for (const double tokens : question.tokens_per_day) rows += fmt::format(" {:.0e} |", tokens);
  rows += "\n|---:|";
  for (std::size_t i = 0; i < question.tokens_per_day.size(); ++i) rows += "---|";
  for (std::size_t i = 0; i < again.cells.size(); ++i) {
    if (i % question.tokens_per_day.size() == 0) rows += fmt::format("\n| {} months |", again.cells[i].lifetime_months);
    rows += fmt::format(" {} |", shown(again.cells[i].gpu_to_chip, "–"));
  }
  return rows + "\n";
}

TEST(BreakEven, PageHasTheTablesThatTheShippedFilesGive) {
  const auto tech = config::load_tech(std::string(KILN_SOURCE_DIR) + "/configs/tech/n6.json");
  ASSERT_TRUE(tech.ok()) << tech.error().message;
  const auto page = base::read_text_file(std::string(KILN_SOURCE_DIR) + "/docs/money.md");
  ASSERT_TRUE(page.ok()) << page.error().message;
  const std::string rows = page_rows(*tech, shipped_economics());
  EXPECT_NE(page->find(rows), std::string::npos) << "docs/money.md should have\n" << rows;
}

TEST(BreakEven, WhatCannotBeIsAnError) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  const auto refused = [](const BreakEvenQuestion& question) {
    return !break_even(question, plain_tech(), plain_economics()).ok();
  };
  for (const double bad : {0.0, -1.0, nan, inf}) {
    auto question = plain_question();
    question.gpu.tokens_per_s_total = bad;
    EXPECT_TRUE(refused(question));
    question = plain_question();
    question.lifetimes_months = {bad};
    EXPECT_TRUE(refused(question));
    question = plain_question();
    question.tokens_per_day = {bad};
    EXPECT_TRUE(refused(question));
  }
  auto question = plain_question();
  question.gpu.usd_per_h = {2, 1, 3};
  EXPECT_TRUE(refused(question));
  question = plain_question();
  question.machine.die = {{200, 200, 300}, {20, 20, 20}};
  EXPECT_TRUE(refused(question));
  question = plain_question();
  question.machine.tokens_per_s_total = {1e-6, 1e-6, 1e-6};
  question.tokens_per_day = {1e18};
  const auto many = break_even(question, plain_tech(), plain_economics());
  ASSERT_FALSE(many.ok());
  EXPECT_THAT(many.error().message, HasSubstr("machines"));
  EXPECT_FALSE(break_even(plain_question(), plain_tech(), {}).ok());
  EXPECT_FALSE(break_even(plain_question(), {}, plain_economics()).ok());
}

}  // namespace
}  // namespace kiln::cost
