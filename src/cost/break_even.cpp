#include "kiln/cost/break_even.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "cost/cases.hpp"

namespace kiln::cost {
namespace {

using base::Corner;
using base::kCorners;
using base::Range;

constexpr double kMostTokensPerDay = 1e18;
constexpr double kMostUsdPerHour = 1e6;
constexpr std::size_t kMostRows = 1000;

/// One case: what service costs on chips and on GPUs. Service of t months with n machines costs
///   once + n cards sets(t) + t (n per_machine_month + tokens a month x usd_per_token).
struct Case {
  double wait_months = 0;
  double once_usd = 0;
  double machine_tokens_per_day = 0;
  double cards_usd = 0;  ///< of a machine
  double life_months = 0;
  double machine_usd_per_month = 0;
  double usd_per_token = 0;
  double gpu_usd_per_token = 0;

  [[nodiscard]] double machines(double tokens_per_day) const {
    return std::ceil(tokens_per_day / machine_tokens_per_day);
  }
  [[nodiscard]] double machine_usd(double months) const {
    return cards_usd * card_sets(months, life_months) + machine_usd_per_month * months;
  }

  [[nodiscard]] double usd_per_mtok(double months, double tokens_per_day) const {
    const double tokens = tokens_per_day * kDaysPerMonth * months;
    const double fixed = once_usd + machines(tokens_per_day) * machine_usd(months);
    return (fixed / tokens + usd_per_token) * kMillion;
  }

  /// From which volume on chips are never dearer. Machines come whole, so just above n - 1 full machines the n-th is
  /// paid for nothing: chips pay there from the smallest n with n (margin - machine) >= once + margin, where margin is
  /// what a full machine saves on GPUs. The volume is where the machine before that one pays.
  [[nodiscard]] std::optional<double> volume(double months) const {
    if (!(months > 0)) return std::nullopt;
    const double saved_per_daily_token = (gpu_usd_per_token - usd_per_token) * kDaysPerMonth * months;
    const double margin = saved_per_daily_token * machine_tokens_per_day;
    const double machine = machine_usd(months);
    if (!(margin > machine)) return std::nullopt;
    const double last = std::ceil((once_usd + margin) / (margin - machine)) - 1;
    const double tokens = (once_usd + last * machine) / saved_per_daily_token;
    if (!(tokens <= kMostTokensPerDay) || !(last <= kMostMachines)) return std::nullopt;
    return tokens;
  }

  /// The shortest life, from the model's release, in which chips have paid back.
  [[nodiscard]] std::optional<double> months(double tokens_per_day) const {
    const double count = machines(tokens_per_day);
    const double cards = count * cards_usd;
    const double saved =
        tokens_per_day * kDaysPerMonth * (gpu_usd_per_token - usd_per_token) - count * machine_usd_per_month;
    if (!(saved > 0)) return std::nullopt;
    double service = (once_usd + cards) / saved;
    if (service > life_months) {  // by then cards are bought again
      const double beyond = saved - cards / life_months;
      if (!(beyond > 0)) return std::nullopt;
      service = once_usd / beyond;
    }
    if (!(service + wait_months <= kMostMonths)) return std::nullopt;
    return service + wait_months;
  }
};

using ThreeCases = std::array<Case, 3>;

double gpu_usd_per_token(const GpuOffer& gpu, double usd_per_h, double utilisation) {
  return usd_per_h / 3600 / (gpu.tokens_per_s_total * utilisation);
}

Case make_case(const BreakEvenQuestion& question, const config::EconomicsConfig& economics, const BreakEven& costs,
               Corner corner) {
  const MachineRates rates = machine_rates(question.machine, costs.card.total_usd(), economics, corner);
  Case result;
  result.wait_months = economics.respin_months.at(corner);
  result.once_usd = costs.one_off.total_usd().at(corner);
  result.machine_tokens_per_day = rates.tokens_per_s * costs.utilisation * kSecondsPerDay;
  result.cards_usd = rates.cards_usd;
  result.life_months = rates.cards_life_months;
  result.machine_usd_per_month = rates.servers_usd_per_month + rates.idle_usd_per_month;
  result.usd_per_token = rates.usd_per_token;
  result.gpu_usd_per_token =
      gpu_usd_per_token(question.gpu, question.gpu.usd_per_h.at(opposite(corner)), costs.utilisation);
  return result;
}

base::Status check_question(const BreakEvenQuestion& question) {
  const auto check = [](const char* what, double value, double least, double most) -> base::Status {
    if (value >= least && value <= most) return {};
    return base::Error{fmt::format("{} is {}; expected {} to {}", what, value, least, most)};
  };
  if (auto status = held("the GPU's price in USD an hour", question.gpu.usd_per_h, 0, kMostUsdPerHour); !status)
    return status;
  if (auto status = check("the GPU's tokens_per_s_total", question.gpu.tokens_per_s_total, 1e-6, 1e12); !status)
    return status;
  if (question.lifetimes_months.size() > kMostRows || question.tokens_per_day.size() > kMostRows)
    return base::Error{fmt::format("break-even for {} lifetimes and {} volumes; expected at most {} of each",
                                   question.lifetimes_months.size(), question.tokens_per_day.size(), kMostRows)};
  for (const double months : question.lifetimes_months)
    if (auto status = check("a lifetime in months", months, 0.01, kMostMonths); !status) return status;
  for (const double tokens : question.tokens_per_day)
    if (auto status = check("a volume in tokens a day", tokens, 1, kMostTokensPerDay); !status) return status;
  return {};
}

LifetimeRow lifetime_row(const ThreeCases& cases, std::uint32_t dies, double lifetime) {
  LifetimeRow row;
  row.lifetime_months = lifetime;
  for (const Corner corner : kCorners) {
    const Case& c = cases[static_cast<std::size_t>(corner)];
    const auto tokens = c.volume(lifetime - c.wait_months);
    if (!tokens) continue;
    row.tokens_per_day.at(corner) = tokens;
    row.cards.at(corner) = c.machines(*tokens) * dies;
  }
  return row;
}

VolumeRow volume_row(const ThreeCases& cases, const BreakEvenQuestion& question, double utilisation, double tokens) {
  VolumeRow row;
  row.tokens_per_day = tokens;
  const double gpus = tokens / (question.gpu.tokens_per_s_total * utilisation * kSecondsPerDay);
  row.gpus = {gpus, gpus, gpus};
  for (const Corner corner : kCorners) {
    const Case& c = cases[static_cast<std::size_t>(corner)];
    row.cards.at(corner) = c.machines(tokens) * question.machine.dies;
    row.months.at(corner) = c.months(tokens);
  }
  return row;
}

BreakEvenCell cell(const ThreeCases& cases, double lifetime, double tokens) {
  BreakEvenCell result;
  result.lifetime_months = lifetime;
  result.tokens_per_day = tokens;
  for (const Corner corner : kCorners) {
    const Case& c = cases[static_cast<std::size_t>(corner)];
    const double gpu = c.gpu_usd_per_token * kMillion;
    result.gpu_usd_per_mtok.at(opposite(corner)) = gpu;
    if (!(lifetime > c.wait_months)) continue;
    const double chip = c.usd_per_mtok(lifetime - c.wait_months, tokens);
    result.chip_usd_per_mtok.at(corner) = chip;
    if (chip > 0) result.gpu_to_chip.at(opposite(corner)) = gpu / chip;
  }
  return result;
}

}  // namespace

base::Result<BreakEven> break_even(const BreakEvenQuestion& question, const config::TechConfig& tech,
                                   const config::EconomicsConfig& economics) {
  if (auto status = check_question(question); !status) return status.error();
  const auto card = card_of(question.machine, tech, economics);
  if (!card) return card.error();
  BreakEven result;
  result.card = *card;
  result.one_off = one_off_cost(question.release, question.machine.dies, tech, economics);
  result.wait_months = economics.respin_months.range();
  result.utilisation = economics.utilisation.typical;
  ThreeCases cases;
  for (const Corner corner : kCorners) {
    const Case made = make_case(question, economics, result, corner);
    for (const double tokens : question.tokens_per_day)
      if (!(made.machines(tokens) <= kMostMachines))
        return base::Error{fmt::format("{} tokens a day take more than {} machines of {} tokens a day", tokens,
                                       kMostMachines, made.machine_tokens_per_day)};
    cases[static_cast<std::size_t>(corner)] = made;
  }
  for (const double lifetime : question.lifetimes_months) {
    result.lifetimes.push_back(lifetime_row(cases, question.machine.dies, lifetime));
    for (const double tokens : question.tokens_per_day) result.cells.push_back(cell(cases, lifetime, tokens));
  }
  for (const double tokens : question.tokens_per_day)
    result.volumes.push_back(volume_row(cases, question, result.utilisation, tokens));
  return result;
}

}  // namespace kiln::cost
