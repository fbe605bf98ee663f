// The three cases of a cost (all constants cheap, typical, expensive) and what a machine costs in each.
#pragma once

#include "kiln/cost/money.hpp"

namespace kiln::cost {

inline constexpr double kMonthsPerYear = 12;
inline constexpr double kDaysPerMonth = 365.0 / 12;
inline constexpr double kHoursPerMonth = kDaysPerMonth * 24;
inline constexpr double kSecondsPerDay = 86400;
inline constexpr double kSecondsPerMonth = kDaysPerMonth * kSecondsPerDay;
inline constexpr double kMillion = 1e6;

// Beyond these a figure is a typing error.
inline constexpr double kMostMm = 1000;  ///< of a die, a wafer, the space between dies
inline constexpr double kMostMachines = 1e12;

constexpr base::Corner opposite(base::Corner corner) {
  return corner == base::Corner::Low    ? base::Corner::High
         : corner == base::Corner::High ? base::Corner::Low
                                        : base::Corner::Typical;
}

/// A machine in one case. A month of n machines that make t tokens costs
/// n (server_usd_per_month + idle_usd_per_month) + t usd_per_token, beside the cards.
struct MachineRates {
  double tokens_per_s = 0;
  double cards_usd = 0;  ///< of all its cards; scrap when the model is no longer wanted
  double cards_life_months = 0;
  double servers_usd_per_month = 0;  ///< its share of servers, which serve on
  double idle_usd_per_month = 0;     ///< electricity as if it waited all the time
  double usd_per_token = 0;          ///< what electricity costs beyond that while it is busy
};

/// One of the machine's cards. Checks everything that a cost is made of: an error says what is not ordered, not finite
/// or absurd.
base::Result<CardCost> card_of(const Replica& machine, const config::TechConfig& tech,
                               const config::EconomicsConfig& economics);
/// Of what card_of() has checked.
MachineRates machine_rates(const Replica& machine, const base::Range& card_usd,
                           const config::EconomicsConfig& economics, base::Corner corner);

/// An error unless low <= typical <= high, all within [least, most].
base::Status held(const char* what, const base::Range& range, double least, double most);

/// Cards bought, for each of a machine's: one set, and more once the service outlives them.
inline double card_sets(double months, double life_months) { return months > life_months ? months / life_months : 1; }

}  // namespace kiln::cost
