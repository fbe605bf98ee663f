#include "study/design_point.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/run.hpp"

namespace kiln::study {

KvBytes kv_bytes(const program::Placement& placement) {
  const auto& plan = placement.kv();
  const auto& sram = placement.chip().kv;
  const std::uint64_t layers = placement.model().layers;
  const std::uint64_t words = std::uint64_t{sram.banks} * sram.depth_words;
  // A token's exponents need not fill its bytes: the last byte counts once, after those of all layers.
  const std::uint64_t exponent_bits = layers * plan.exponent_bits_per_token;
  return {layers * words * sram.width_bytes + base::ceil_div(plan.capacity_tokens * exponent_bits, 8),
          layers * 2 * std::uint64_t{plan.token_words} * sram.width_bytes + base::ceil_div(exponent_bits, 8)};
}

base::Result<BaselineRows> gpus_beside(const config::Catalogue& configs, const config::ModelConfig& model,
                                       const chip::RunOutcome& ran, std::uint64_t prompt_tokens) {
  const std::uint64_t batch = std::max<std::uint64_t>(1, ran.most_users);
  const std::uint64_t answered = std::max<std::uint64_t>(1, ran.users.front().answer_tokens);
  return compare_gpus(configs, model, batch, mean_context(prompt_tokens, answered));
}

base::Result<cost::Replica> replica_of(const program::Placement& placement, const ChipCost& cost,
                                       double tokens_per_s_total) {
  const auto size = cost::die_of_area(cost.die.area_mm2, cost.die.plan.height_mm / cost.die.plan.width_mm);
  if (!size) return size.error();
  cost::Replica replica;
  replica.dies = placement.chip().chips.count;
  replica.die = *size;
  replica.tokens_per_s_total = {tokens_per_s_total, tokens_per_s_total, tokens_per_s_total};
  replica.power_w = cost.energy.power_w;
  return replica;
}

base::Result<ChipMoney> money_of(const cost::Replica& replica, std::uint64_t machines, const config::TechConfig& tech,
                                 const config::EconomicsConfig& economics) {
  const auto die = cost::die_cost(replica.die, tech);
  if (!die) return die.error();
  ChipMoney money;
  money.die = *die;
  money.card = cost::card_cost(die->usd_per_good_die, economics);
  money.first_chip = cost::one_off_cost(cost::Release::FirstChip, replica.dies, tech, economics);
  money.new_model = cost::one_off_cost(cost::Release::NewModel, replica.dies, tech, economics);
  money.machines = static_cast<double>(machines);
  money.utilisation = economics.utilisation.range();
  money.months = economics.depreciation_years.range() * 12;
  const auto tokens =
      cost::usd_per_million_tokens(replica, {cost::Release::NewModel, money.machines, std::nullopt}, tech, economics);
  if (!tokens) return tokens.error();
  money.tokens = *tokens;
  return money;
}

void add_money(const ChipCost& cost, std::uint64_t machines, const config::EconomicsConfig& economics,
               DesignPoint& point) {
  point.economics = economics.name;
  const auto replica = replica_of(point.placement, cost, point.result.speed.tokens_per_s_total);
  auto money = replica ? money_of(*replica, machines, cost.tech, economics) : base::Result<ChipMoney>(replica.error());
  if (money)
    point.money = *std::move(money);
  else
    point.no_money = money.error().message;
}

/// Where the head's array is much of the die, and inherits a tile that was chosen for the layers: those share their
/// tiles' accumulators, the head has its own for one matrix.
std::optional<std::string> inherited_head(const Silicon& silicon, const program::Placement& placement) {
  constexpr double kMuch = 0.25;  // of the die
  if (placement.chip().tiles[static_cast<std::size_t>(program::ArrayKind::LmHead)]) return std::nullopt;
  double head = 0;
  for (const auto& part : silicon.die.parts)
    if (part.unit == program::Unit::LmHeadArray) head += part.area_mm2.typical;
  const double die = silicon.die.area_mm2.typical;
  if (head < kMuch * die) return std::nullopt;
  return fmt::format(
      "the LM head inherits /tile and takes {:.4g} of the die's {:.4g} mm2; a tile of its own (/tiles/lm_head) with "
      "more "
      "rows or fewer inputs a cycle takes less",
      head, die);
}

void add_verdict(const std::optional<Silicon>& silicon, std::optional<double> power_w, std::uint64_t kv_tokens,
                 DesignPoint& point) {
  if (silicon)
    if (auto note = inherited_head(*silicon, point.placement)) point.warnings.push_back(*std::move(note));
  point.verdict = judge(point.placement, silicon, power_w, kv_tokens);
  if (auto warning = point.verdict.warning(point.placement.chip().name)) point.warnings.push_back(*std::move(warning));
}

}  // namespace kiln::study
