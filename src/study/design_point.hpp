// The parts of a design point that its run leads to. Private to the study module.
#pragma once

#include "kiln/base/result.hpp"
#include "kiln/config/catalogue.hpp"
#include "kiln/config/economics.hpp"
#include "kiln/study/design_point.hpp"

namespace kiln::study {

KvBytes kv_bytes(const program::Placement& placement);

/// GPUs on the same job: as many users as the chip ever had at a time, for those that queue there would not be in a GPU's
/// batch either. `prompt_tokens`: of the first user.
base::Result<BaselineRows> gpus_beside(const config::Catalogue& configs, const config::ModelConfig& model,
                                       const chip::RunOutcome& ran, std::uint64_t prompt_tokens);

/// What serves one copy of the model. Refused if no die of this size can be made.
base::Result<cost::Replica> replica_of(const program::Placement& placement, const ChipCost& cost,
                                       double tokens_per_s_total);
base::Result<ChipMoney> money_of(const cost::Replica& replica, std::uint64_t machines, const config::TechConfig& tech,
                                 const config::EconomicsConfig& economics);
/// Money, or why there is none.
void add_money(const ChipCost& cost, std::uint64_t machines, const config::EconomicsConfig& economics,
               DesignPoint& point);

/// The verdict, and the warning that it cannot be built.
void add_verdict(const std::optional<Silicon>& silicon, std::optional<double> power_w, std::uint64_t kv_tokens,
                 DesignPoint& point);

}  // namespace kiln::study
