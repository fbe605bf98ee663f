// Dies on a wafer, yield, cards and a million tokens: figures by hand, published figures, corners and guards.
#include "kiln/cost/money.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include "cost/money_testing.hpp"
#include "support/seed.hpp"

namespace kiln::cost {
namespace {

using testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::uint32_t dies(double width, double height, double wafer, double edge = 0, double scribe = 0) {
  const auto count = dies_per_wafer(width, height, wafer, edge, scribe);
  EXPECT_TRUE(count.ok()) << (count.ok() ? "" : count.error().message);
  return count.ok() ? *count : 0;
}

TEST(Wafer, OneDieFitsUntilItsDiagonalIsTheWafer) {
  EXPECT_EQ(dies(30, 40, 50), 1U);
  EXPECT_EQ(dies(30, 40, 52, 1), 1U);
  EXPECT_FALSE(dies_per_wafer(30, 40.002, 50, 0, 0).ok());
  EXPECT_FALSE(dies_per_wafer(30, 40, 50, 0.001, 0).ok());
}

TEST(Wafer, FourSquaresMeetInTheMiddle) {
  EXPECT_EQ(dies(10, 10, 28.286), 4U);  // 2 sqrt(2) 10 = 28.284
  EXPECT_LT(dies(10, 10, 28.282), 4U);
  EXPECT_LT(dies(10, 10, 28.286, 0, 0.1), 4U);
  EXPECT_EQ(dies(10, 10, 28.428, 0, 0.1), 4U);  // the lane between them counts, those around them do not
}

TEST(Wafer, ADieTurnedByAQuarterFitsAsOften) {
  EXPECT_EQ(dies(10, 20, 100), dies(20, 10, 100));
  EXPECT_EQ(dies(26, 33, 300, 3, 0.1), dies(33, 26, 300, 3, 0.1));
}

/// Every cell of every grid place, all four corners tested. Micrometres times 64.
std::uint32_t counted_one_by_one(std::int64_t width, std::int64_t height, std::int64_t scribe, std::int64_t diameter) {
  std::uint32_t most = 0;
  for (std::int64_t ky = 0; ky < 32; ++ky)
    for (std::int64_t kx = 0; kx < 32; ++kx) {
      std::uint32_t count = 0;
      for (std::int64_t j = -20; j <= 20; ++j)
        for (std::int64_t i = -20; i <= 20; ++i) {
          bool inside = true;
          for (const int sx : {-1, 1})
            for (const int sy : {-1, 1}) {
              const std::int64_t x = 2 * (kx + 32 * i) * (width + scribe) + sx * 32 * width;
              const std::int64_t y = 2 * (ky + 32 * j) * (height + scribe) + sy * 32 * height;
              inside = inside && x * x + y * y <= 32 * 32 * diameter * diameter;
            }
          count += inside ? 1 : 0;
        }
      most = std::max(most, count);
    }
  return most;
}

TEST(Wafer, CountIsThatOfCountingOneByOne) {
  const auto seed = static_cast<unsigned>(support::test_seed(7));
  std::mt19937 random(seed);
  for (int round = 0; round < 12; ++round) {
    const auto pick = [&](std::int64_t from, std::int64_t to) {
      return from + static_cast<std::int64_t>(random()) % (to - from);
    };
    const std::int64_t width = pick(8000, 33000), height = pick(8000, 33000), scribe = pick(0, 300);
    const std::int64_t diameter = pick(60000, 150000);
    const auto um = [](std::int64_t value) { return static_cast<double>(value) / 1000; };
    EXPECT_EQ(dies(um(width), um(height), um(diameter), 0, um(scribe)),
              counted_one_by_one(width, height, scribe, diameter))
        << "KILN_SEED=" << seed << ": " << width << " x " << height << " + " << scribe << " on " << diameter;
  }
}

TEST(Wafer, SmallerDiesAreNeverFewer) {
  std::uint32_t before = 0;
  for (double side = 60; side >= 5; side -= 0.37) {
    const std::uint32_t now = dies(side, side * 1.1, 300, 3, 0.1);
    EXPECT_GE(now, before) << side;
    EXPECT_LE(now * side * side * 1.1, 147.0 * 147.0 * 3.1416);
    before = now;
  }
}

TEST(Wafer, AbsurdSizesAreErrors) {
  for (const double bad : {0.0, -1.0, 0.05, 2000.0, kNan, kInfinity}) {
    EXPECT_FALSE(dies_per_wafer(bad, 10, 300, 3, 0.1).ok()) << bad;
    EXPECT_FALSE(dies_per_wafer(10, bad, 300, 3, 0.1).ok()) << bad;
  }
  for (const double bad : {0.0, -1.0, 2000.0, kNan, kInfinity}) EXPECT_FALSE(dies_per_wafer(10, 10, bad, 0, 0.1).ok());
  for (const double bad : {-1.0, 151.0, kNan, kInfinity}) EXPECT_FALSE(dies_per_wafer(10, 10, 300, bad, 0.1).ok());
  for (const double bad : {-1.0, 2000.0, kNan, kInfinity}) EXPECT_FALSE(dies_per_wafer(10, 10, 300, 3, bad).ok());
  EXPECT_FALSE(dies_per_wafer(10, 10, 300, 150, 0.1).ok());
  const auto large = dies_per_wafer(250, 250, 300, 3, 0.1);
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error().message,
            "a die of 250.0 x 250.0 mm does not fit the 294 mm of a wafer of 300 mm that can be used");
  EXPECT_EQ(dies(0.1, 0.1, 1), counted_one_by_one(100, 100, 0, 1000));
}

TEST(Yield, IsMurphys) {
  EXPECT_EQ(murphy_yield(0, 0.1), 1);
  EXPECT_EQ(murphy_yield(800, 0), 1);
  EXPECT_NEAR(murphy_yield(100, 1), std::pow(1 - std::exp(-1), 2), 1e-15);
  EXPECT_NEAR(murphy_yield(100, 1e-9), 1 - 1e-9, 1e-15);
  for (double x = 1e-6; x < 1000; x *= 1.7) {
    const double expected = std::pow(-std::expm1(-x) / x, 2);
    EXPECT_NEAR(murphy_yield(100 * x, 1) / expected, 1, 1e-13) << x;
  }
  EXPECT_LT(murphy_yield(900, 0.1), murphy_yield(800, 0.1));
}

TEST(Hnlpu, YieldAndPriceOfAGoodDieAreThePapers) {
  // arXiv 2508.16151v2, table 5: 827.08 mm2, 0.11 defects a cm2, a wafer of 16,988 USD; 62 dies, 43 %, 629 USD.
  config::TechConfig tech = plain_tech();
  tech.wafer_usd = constant(16988);
  tech.wafer_mm = constant(300);
  tech.edge_exclusion_mm = constant(5);
  tech.scribe_mm = constant(0.2);
  tech.defects_per_cm2 = constant(0.11);
  const auto cost = die_cost(die_of_area({827.08, 827.08, 827.08}).value(), tech);
  ASSERT_TRUE(cost.ok());
  EXPECT_EQ(cost->dies_per_wafer.typical, 62);
  EXPECT_NEAR(cost->yield.typical, 0.4312, 5e-5);
  EXPECT_NEAR(cost->good_dies_per_wafer.typical, 26.73, 5e-3);
  EXPECT_EQ(std::round(cost->good_dies_per_wafer.typical), 27);
  EXPECT_NEAR(cost->usd_per_good_die.typical, 635.5, 0.05);
  EXPECT_NEAR(cost->usd_per_good_die.typical / 629, 1, 0.02);
  EXPECT_NEAR(16988 / std::round(cost->good_dies_per_wafer.typical), 629, 0.5);
}

TEST(Die, Of815Mm2AtN6CostsAbout270) {
  const auto cost = die_cost(die_of_area({815, 815, 815}).value(), n6());
  ASSERT_TRUE(cost.ok());
  EXPECT_EQ(cost->dies_per_wafer.typical, 68);
  EXPECT_NEAR(cost->yield.typical, 0.50215, 5e-6);
  EXPECT_NEAR(cost->usd_per_good_die.typical, 9346 / (68 * 0.5021461), 1e-3);
  for (const auto& range :
       {cost->area_mm2, cost->dies_per_wafer, cost->yield, cost->good_dies_per_wafer, cost->usd_per_good_die})
    expect_ordered(range);
  EXPECT_LT(cost->usd_per_good_die.low, cost->usd_per_good_die.high);
}

TEST(Die, UncertainAreaWidensThePrice) {
  const auto sharp = die_cost(die_of_area({815, 815, 815}).value(), n6());
  const auto vague = die_cost(die_of_area({700, 815, 1000}).value(), n6());
  ASSERT_TRUE(sharp.ok() && vague.ok());
  EXPECT_LT(vague->usd_per_good_die.low, sharp->usd_per_good_die.low);
  EXPECT_EQ(vague->usd_per_good_die.typical, sharp->usd_per_good_die.typical);
  EXPECT_GT(vague->usd_per_good_die.high, sharp->usd_per_good_die.high);
  for (const auto& range : {vague->area_mm2, vague->dies_per_wafer, vague->yield, vague->good_dies_per_wafer})
    expect_ordered(range);
}

TEST(Die, WhatHasNoPriceIsAnError) {
  EXPECT_FALSE(die_of_area({0, 1, 2}).ok());
  EXPECT_FALSE(die_of_area({3, 2, 1}).ok());
  EXPECT_FALSE(die_of_area({1, 2, kInfinity}).ok());
  EXPECT_FALSE(die_of_area({kNan, 2, 3}).ok());
  EXPECT_FALSE(die_of_area({1, 2, 3}, 0).ok());
  EXPECT_FALSE(die_cost(die_of_area({800, 800, 80000}).value(), n6()).ok());
  EXPECT_FALSE(die_cost({{20, 10, 30}, {20, 20, 20}}, n6()).ok());
  auto tech = n6();
  tech.defects_per_cm2 = constant(1e9);
  const auto none = die_cost(die_of_area({815, 815, 815}).value(), tech);
  ASSERT_FALSE(none.ok());
  EXPECT_THAT(none.error().message, HasSubstr("has a yield of"));
  tech = n6();
  tech.wafer_usd = constant(3, 2, 1);
  EXPECT_THAT(die_cost(die_of_area({815, 815, 815}).value(), tech).error().message,
              HasSubstr("wafer_usd is 3 to 2 to 1"));
}

TEST(Card, AddsUp) {
  auto economics = plain_economics();
  economics.hardware_margin = constant(1, 1.5, 2);
  const CardCost card = card_cost({90, 100, 110}, economics);
  EXPECT_EQ(card.margin_usd, (base::Range{0, 200, 410}));
  EXPECT_EQ(card.total_usd(), (base::Range{390, 600, 820}));
}

TEST(OneOff, ANewModelPaysTwoMasksADieAndAFirstChipThePlatform) {
  const auto respin = one_off_cost(Release::NewModel, 1, plain_tech(), plain_economics());
  EXPECT_EQ(respin.masks_usd.typical, 300e3);
  EXPECT_EQ(respin.engineering_usd.typical, 700e3);
  EXPECT_EQ(respin.design_usd.typical, 0);
  EXPECT_EQ(respin.total_usd().typical, 1e6);
  EXPECT_EQ(one_off_cost(Release::NewModel, 10, plain_tech(), plain_economics()).masks_usd.typical, 3e6);
  const auto first = one_off_cost(Release::FirstChip, 1, plain_tech(), plain_economics());
  EXPECT_EQ(first.masks_usd.typical, 10e6);
  EXPECT_EQ(first.design_usd.typical, 40e6);
  EXPECT_EQ(first.engineering_usd.typical, 0);
  EXPECT_EQ(one_off_cost(Release::FirstChip, 3, plain_tech(), plain_economics()).masks_usd.typical, 10.6e6);
}

TEST(Tokens, LinesAreThoseOfTheWorkedExample) {
  // A year of one machine, busy for half of it: 10,000 x 0.5 x 31,536,000 s = 157,680 million tokens.
  Usage usage;
  usage.months = 12;
  const auto cost = usd_per_million_tokens(plain_machine(), usage, plain_tech(), plain_economics());
  ASSERT_TRUE(cost.ok());
  const double millions = 157680;
  EXPECT_NEAR(cost->cards_usd.typical, 400 / millions, 1e-12);  // 100 + 100 + 200, scrap after the year
  EXPECT_NEAR(cost->servers_usd.typical, 2400.0 / 4 / 4 / millions,
              1e-12);  // a quarter of a server, a quarter of its life
  const double average_w = (200 + 400 / 4) * (0.5 + 0.5 * 0.2);
  EXPECT_NEAR(cost->electricity_usd.typical, average_w / 1000 * 8760 * 1.5 * 0.1 / millions, 1e-12);
  EXPECT_NEAR(cost->masks_usd.typical, 300e3 / millions, 1e-9);
  EXPECT_NEAR(cost->engineering_usd.typical, 700e3 / millions, 1e-9);
  EXPECT_EQ(cost->design_usd.typical, 0);
}

TEST(Tokens, CardsLastUntilTheyAreWrittenOffAndAreThenBoughtAnew) {
  const auto cards_of = [](std::optional<double> months) {
    Usage usage;
    usage.months = months;
    return usd_per_million_tokens(plain_machine(), usage, plain_tech(), plain_economics()).value().cards_usd.typical;
  };
  EXPECT_NEAR(cards_of(std::nullopt), 400 / (4 * 157680.0), 1e-12);
  EXPECT_NEAR(cards_of(48), cards_of(std::nullopt), 1e-12);
  EXPECT_NEAR(cards_of(96), cards_of(std::nullopt), 1e-12);
  EXPECT_NEAR(cards_of(24), 2 * cards_of(48), 1e-12);
}

TEST(Tokens, LinesAreOrderedAndAddUp) {
  Replica machine = plain_machine();
  machine.die = die_of_area({780, 815, 850}).value();
  machine.tokens_per_s_total = {15000, 16000, 16960};
  machine.power_w = {150, 200, 260};
  for (const Release release : {Release::NewModel, Release::FirstChip})
    for (const double machines : {1.0, 1000.0})
      for (const std::optional<double> months : {std::optional<double>(), std::optional<double>(6)}) {
        const auto cost = usd_per_million_tokens(machine, {release, machines, months}, n6(), shipped_economics());
        ASSERT_TRUE(cost.ok()) << cost.error().message;
        base::Range sum;
        for (const auto& line : {cost->cards_usd, cost->servers_usd, cost->electricity_usd, cost->masks_usd,
                                 cost->engineering_usd, cost->design_usd}) {
          expect_ordered(line);
          sum += line;
        }
        for (const auto corner : base::kCorners) {
          EXPECT_TRUE(std::isfinite(sum.at(corner)));
          EXPECT_DOUBLE_EQ(sum.at(corner), cost->total_usd().at(corner));
        }
      }
}

TEST(Tokens, CostFallsWithUseAndRisesWithPriceOfPowerAndDies) {
  const auto total = [](const config::EconomicsConfig& economics, double machines = 1, std::uint32_t dies = 1) {
    Replica machine = plain_machine();
    machine.dies = dies;
    return usd_per_million_tokens(machine, {Release::NewModel, machines, {}}, plain_tech(), economics)
        .value()
        .total_usd()
        .typical;
  };
  const auto plain = plain_economics();
  auto changed = plain;
  changed.utilisation = constant(0.9);
  EXPECT_LT(total(changed), total(plain));
  changed = plain;
  changed.electricity_usd_per_kwh = constant(0.2);
  EXPECT_GT(total(changed), total(plain));
  EXPECT_LT(total(plain, 10), total(plain, 1));
  EXPECT_GT(total(plain, 1, 2), total(plain, 1, 1));
}

TEST(Tokens, WhatCannotBeIsAnError) {
  const auto refused = [](const Replica& machine, const Usage& usage) {
    return !usd_per_million_tokens(machine, usage, plain_tech(), plain_economics()).ok();
  };
  EXPECT_FALSE(refused(plain_machine(), {}));
  for (const base::Range& bad : {base::Range{0, 1, 2}, base::Range{2, 1, 3}, base::Range{1, kNan, 2},
                                 base::Range{1, 2, kInfinity}, base::Range{}}) {
    Replica machine = plain_machine();
    machine.tokens_per_s_total = bad;
    EXPECT_TRUE(refused(machine, {}));
  }
  Replica machine = plain_machine();
  machine.power_w = {-1, 0, 1};
  EXPECT_TRUE(refused(machine, {}));
  machine = plain_machine();
  machine.dies = 0;
  EXPECT_TRUE(refused(machine, {}));
  for (const double machines : {0.0, 1.5, -1.0, 1e13, kNan})
    EXPECT_TRUE(refused(plain_machine(), {Release::NewModel, machines, {}})) << machines;
  for (const double months : {0.0, -1.0, 1e4, kNan, kInfinity})
    EXPECT_TRUE(refused(plain_machine(), {Release::NewModel, 1, months})) << months;
  auto economics = plain_economics();
  economics.utilisation = constant(0);
  const auto cost = usd_per_million_tokens(plain_machine(), {}, plain_tech(), economics);
  ASSERT_FALSE(cost.ok());
  EXPECT_EQ(cost.error().message,
            "utilisation is 0 to 0 to 0; expected three numbers from 0.001 to 1 that do not fall");
  EXPECT_FALSE(usd_per_million_tokens(plain_machine(), {}, plain_tech(), {}).ok());
  EXPECT_FALSE(usd_per_million_tokens(plain_machine(), {}, {}, plain_economics()).ok());
}

}  // namespace
}  // namespace kiln::cost
