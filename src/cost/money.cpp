#include "kiln/cost/money.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "cost/cases.hpp"

namespace kiln::cost {
namespace {

using base::Corner;
using base::kCorners;
using base::Range;

constexpr double kMostTokensPerSecond = 1e12;
constexpr double kLeastTokensPerSecond = 1e-6;
constexpr double kMostUsd = 1e12;
constexpr double kMostWatts = 1e9;
constexpr std::uint32_t kMostDies = 65536;
constexpr double kLeastYield = 1e-9;
constexpr double kWattsPerKilowatt = 1000;

Range sorted(Range range) {
  if (range.low > range.high) std::swap(range.low, range.high);
  return range;
}

base::Status check_economics(const config::EconomicsConfig& economics) {
  config::EconomicsConfig copy = economics;
  for (const auto& field : config::fields(copy))
    if (auto status = held(field.key.c_str(), field.constant->range(), field.minimum, field.maximum); !status)
      return status;
  return {};
}

base::Status check_machine(const Replica& machine) {
  if (machine.dies == 0 || machine.dies > kMostDies)
    return base::Error{fmt::format("a machine of {} dies; expected 1 to {}", machine.dies, kMostDies)};
  if (auto status = held("tokens_per_s_total", machine.tokens_per_s_total, kLeastTokensPerSecond, kMostTokensPerSecond);
      !status)
    return status;
  return held("power_w", machine.power_w, 0, kMostWatts);
}

}  // namespace

base::Status held(const char* what, const Range& range, double least, double most) {
  // Comparisons with a NaN are false.
  if (range.low >= least && range.low <= range.typical && range.typical <= range.high && range.high <= most) return {};
  return base::Error{fmt::format("{} is {} to {} to {}; expected three numbers from {} to {} that do not fall", what,
                                 range.low, range.typical, range.high, least, most)};
}

base::Result<DieCost> die_cost(const DieSize& die, const config::TechConfig& tech) {
  for (const auto& [what, range] : {std::pair("the width of the die in mm", &die.width_mm),
                                    std::pair("the height of the die in mm", &die.height_mm)})
    if (auto status = held(what, *range, 0, kMostMm); !status) return status.error();
  for (const auto& [what, constant] :
       {std::pair("wafer_usd", &tech.wafer_usd), std::pair("defects_per_cm2", &tech.defects_per_cm2),
        std::pair("edge_exclusion_mm", &tech.edge_exclusion_mm), std::pair("scribe_mm", &tech.scribe_mm)})
    if (auto status = held(what, constant->range(), 0, kMostUsd); !status) return status.error();
  DieCost cost;
  for (const Corner corner : kCorners) {
    const double width = die.width_mm.at(corner), height = die.height_mm.at(corner);
    const auto dies = dies_per_wafer(width, height, tech.wafer_mm.typical, tech.edge_exclusion_mm.at(corner),
                                     tech.scribe_mm.at(corner));
    if (!dies) return dies.error();
    const double yield = murphy_yield(width * height, tech.defects_per_cm2.at(corner));
    if (!(yield >= kLeastYield))
      return base::Error{
          fmt::format("a die of {:.1f} mm2 with {} defects a cm2 has a yield of {:.1g}; expected at least {}",
                      width * height, tech.defects_per_cm2.at(corner), yield, kLeastYield)};
    cost.area_mm2.at(corner) = width * height;
    cost.dies_per_wafer.at(corner) = *dies;
    cost.yield.at(corner) = yield;
    cost.good_dies_per_wafer.at(corner) = *dies * yield;
    cost.usd_per_good_die.at(corner) = tech.wafer_usd.at(corner) / (*dies * yield);
  }
  for (Range* range : {&cost.dies_per_wafer, &cost.yield, &cost.good_dies_per_wafer}) *range = sorted(*range);
  return cost;
}

CardCost card_cost(const Range& usd_per_good_die, const config::EconomicsConfig& economics) {
  CardCost card;
  card.die_usd = usd_per_good_die;
  card.package_and_test_usd = economics.package_and_test_usd.range();
  card.board_usd = economics.card_usd.range();
  const Range cost = card.die_usd + card.package_and_test_usd + card.board_usd;
  for (const Corner corner : kCorners)
    card.margin_usd.at(corner) = cost.at(corner) * (economics.hardware_margin.at(corner) - 1);
  return card;
}

base::Result<CardCost> card_of(const Replica& machine, const config::TechConfig& tech,
                               const config::EconomicsConfig& economics) {
  if (auto status = check_economics(economics); !status) return status.error();
  for (const auto& [what, constant] :
       {std::pair("mask_usd", &tech.mask_usd), std::pair("mask_set_usd", &tech.mask_set_usd)})
    if (auto status = held(what, constant->range(), 0, kMostUsd); !status) return status.error();
  if (auto status = check_machine(machine); !status) return status.error();
  const auto die = die_cost(machine.die, tech);
  if (!die) return die.error();
  return card_cost(die->usd_per_good_die, economics);
}

OneOffCost one_off_cost(Release release, std::uint32_t dies, const config::TechConfig& tech,
                        const config::EconomicsConfig& economics) {
  OneOffCost cost;
  const bool first = release == Release::FirstChip;
  const Range respin = economics.respin_masks.range() * tech.mask_usd.range();
  cost.masks_usd = respin * (first ? dies - 1.0 : dies);
  if (first) {
    cost.masks_usd += tech.mask_set_usd.range();
    cost.design_usd = economics.nre_design_usd.range();
  } else {
    cost.engineering_usd = economics.respin_engineering_usd.range();
  }
  return cost;
}

MachineRates machine_rates(const Replica& machine, const Range& card_usd, const config::EconomicsConfig& economics,
                           Corner corner) {
  const Corner more = opposite(corner);  // for what is cheaper when there is more of it
  MachineRates rates;
  rates.tokens_per_s = machine.tokens_per_s_total.at(more);
  rates.cards_usd = card_usd.at(corner) * machine.dies;
  rates.cards_life_months = economics.depreciation_years.at(more) * kMonthsPerYear;
  const double servers = machine.dies / economics.cards_per_server.at(more);
  rates.servers_usd_per_month = servers * economics.server_usd.at(corner) / rates.cards_life_months;
  const double busy_w = machine.power_w.at(corner) + servers * economics.server_power_w.at(corner);
  const double usd_per_hour =
      busy_w / kWattsPerKilowatt * economics.pue.at(corner) * economics.electricity_usd_per_kwh.at(corner);
  const double idle = economics.idle_power_share.at(corner);
  rates.idle_usd_per_month = usd_per_hour * idle * kHoursPerMonth;
  rates.usd_per_token = usd_per_hour * (1 - idle) / 3600 / rates.tokens_per_s;
  return rates;
}

base::Result<TokenCost> usd_per_million_tokens(const Replica& machine, const Usage& usage,
                                               const config::TechConfig& tech,
                                               const config::EconomicsConfig& economics) {
  if (!(usage.machines >= 1) || !(usage.machines <= kMostMachines) || std::floor(usage.machines) != usage.machines)
    return base::Error{fmt::format("{} machines; expected a whole number from 1 to {}", usage.machines, kMostMachines)};
  if (usage.months && !(*usage.months >= 0.01 && *usage.months <= 1200))
    return base::Error{fmt::format("a service of {} months; expected 0.01 to 1200", *usage.months)};
  const auto card = card_of(machine, tech, economics);
  if (!card) return card.error();
  const OneOffCost once = one_off_cost(usage.release, machine.dies, tech, economics);
  TokenCost cost;
  for (const Corner corner : kCorners) {
    const MachineRates rates = machine_rates(machine, card->total_usd(), economics, corner);
    const double months = usage.months.value_or(rates.cards_life_months);
    const double utilisation = economics.utilisation.at(opposite(corner));
    // Millions of tokens, of one machine and of all.
    const double one = rates.tokens_per_s * utilisation * months * kSecondsPerMonth / kMillion;
    const double all = one * usage.machines;
    cost.cards_usd.at(corner) = rates.cards_usd * card_sets(months, rates.cards_life_months) / one;
    cost.servers_usd.at(corner) = rates.servers_usd_per_month * months / one;
    cost.electricity_usd.at(corner) = rates.idle_usd_per_month * months / one + rates.usd_per_token * kMillion;
    cost.masks_usd.at(corner) = once.masks_usd.at(corner) / all;
    cost.engineering_usd.at(corner) = once.engineering_usd.at(corner) / all;
    cost.design_usd.at(corner) = once.design_usd.at(corner) / all;
  }
  return cost;
}

}  // namespace kiln::cost
