// What a die, a card and a million tokens cost, from a technology and the economics. US dollars; lengths in
// millimetres. A Range holds three cases: `low` is all constants at their cheap end, `high` all at their expensive end.
// Cheap does not always mean small (more utilisation is cheaper), so ranges of quantities such as the yield are given
// sorted: everything reported has low <= typical <= high. Every result is finite; what has no answer is an error.
// docs/money.md has the formulas and conventions.
#pragma once

#include <cstdint>
#include <optional>

#include "kiln/base/range.hpp"
#include "kiln/base/result.hpp"
#include "kiln/config/economics.hpp"
#include "kiln/config/tech_config.hpp"

namespace kiln::cost {

/// Whole dies of a grid with lanes of `scribe_mm` between them inside the wafer's usable circle (diameter less twice
/// the edge exclusion), the most over 32 x 32 places of the grid. Counted in whole micrometres. Error: a die that is
/// larger than the circle, sides that are not in 0.1 mm to 1 m.
base::Result<std::uint32_t> dies_per_wafer(double width_mm, double height_mm, double wafer_mm, double edge_exclusion_mm,
                                           double scribe_mm);

/// Murphy: ((1 - exp(-A D)) / (A D))^2, with its limit 1 at A D = 0. No libm: the same bits everywhere.
double murphy_yield(double area_mm2, double defects_per_cm2);

struct DieSize {
  base::Range width_mm, height_mm;
};
/// A die of that area whose height is `height_per_width` times its width. Error: not ordered, not above 0.
base::Result<DieSize> die_of_area(const base::Range& area_mm2, double height_per_width = 1);

struct DieCost {
  base::Range area_mm2;
  base::Range dies_per_wafer;       ///< sorted: `low` is the dear case
  base::Range yield;                ///< sorted: `low` is the dear case
  base::Range good_dies_per_wafer;  ///< sorted; dies x yield, an expectation, not rounded
  base::Range usd_per_good_die;     ///< wafer / good dies
};
base::Result<DieCost> die_cost(const DieSize& die, const config::TechConfig& tech);

/// One card with one die.
struct CardCost {
  base::Range die_usd;
  base::Range package_and_test_usd;
  base::Range board_usd;   ///< with assembly, cooler and memory
  base::Range margin_usd;  ///< what the seller takes beyond the cost
  [[nodiscard]] base::Range total_usd() const { return die_usd + package_and_test_usd + board_usd + margin_usd; }
};
CardCost card_cost(const base::Range& usd_per_good_die, const config::EconomicsConfig& economics);

enum class Release {
  FirstChip,  ///< the platform is designed and a full mask set made
  NewModel,   ///< another model on a platform that exists: two masks
};

/// Paid once for a model, however many cards there are. Every die of a model on several dies has its own masks.
struct OneOffCost {
  base::Range design_usd;  ///< FirstChip: nre_design_usd
  base::Range masks_usd;  ///< NewModel: respin_masks x mask_usd x dies; FirstChip: a set, and a re-spin per further die
  base::Range engineering_usd;  ///< NewModel: respin_engineering_usd; of a first chip it is part of the design
  [[nodiscard]] base::Range total_usd() const { return design_usd + masks_usd + engineering_usd; }
};
OneOffCost one_off_cost(Release release, std::uint32_t dies, const config::TechConfig& tech,
                        const config::EconomicsConfig& economics);

/// What serves one copy of a model: `dies` cards with one die each.
struct Replica {
  std::uint32_t dies = 1;
  DieSize die;                     ///< all dies are of one size
  base::Range tokens_per_s_total;  ///< of all its users, while it is busy; the cheap case takes `high`
  base::Range power_w;             ///< of its cards while it is busy, without servers
};

/// How much it is used.
struct Usage {
  Release release = Release::NewModel;
  double machines = 1;           ///< whole number, to share the one-off costs
  std::optional<double> months;  ///< in service; none: until the cards are written off. Then the cards are scrap
};

/// US dollars for a million tokens at the utilisation of the economics.
struct TokenCost {
  base::Range cards_usd;
  base::Range servers_usd;
  base::Range electricity_usd;
  base::Range masks_usd;
  base::Range engineering_usd;
  base::Range design_usd;
  [[nodiscard]] base::Range total_usd() const {
    return cards_usd + servers_usd + electricity_usd + masks_usd + engineering_usd + design_usd;
  }
};
base::Result<TokenCost> usd_per_million_tokens(const Replica& machine, const Usage& usage,
                                               const config::TechConfig& tech,
                                               const config::EconomicsConfig& economics);

}  // namespace kiln::cost
