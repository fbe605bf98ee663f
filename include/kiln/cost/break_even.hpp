// When baking a model pays against renting GPUs for the same tokens. Machines are bought whole, GPUs are rented by the
// hour (an hour is divisible). Both are busy for the typical share of time of the economics (`utilisation`), and a
// GPU's waiting hours are paid too. From a model's release until its chip comes (respin_months) GPUs serve either way;
// what is compared is the time after that. When the model is no longer wanted its cards are scrap; servers serve on.
// docs/money.md
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kiln/cost/money.hpp"

namespace kiln::cost {

struct GpuOffer {
  std::string name;
  double tokens_per_s_total = 0;  ///< of one GPU at its batch, while it is busy
  base::Range usd_per_h;
};

/// The three cases: `low` has a cheap chip and an expensive GPU, `high` the opposite. Among those that
/// are there low <= typical <= high. What a missing one means is beside each use.
struct Cases {
  std::optional<double> low, typical, high;
  [[nodiscard]] const std::optional<double>& at(base::Corner corner) const {
    return corner == base::Corner::Low ? low : corner == base::Corner::Typical ? typical : high;
  }
  std::optional<double>& at(base::Corner corner) {
    return corner == base::Corner::Low ? low : corner == base::Corner::Typical ? typical : high;
  }
};

/// Months that break-even looks ahead; what takes longer is never.
inline constexpr double kMostMonths = 120;

struct BreakEvenQuestion {
  Replica machine;
  Release release = Release::NewModel;
  GpuOffer gpu;
  std::vector<double> lifetimes_months = {3, 6, 12, 24, 36};  ///< from the model's release to its last token
  std::vector<double> tokens_per_day = {1e8, 1e9, 1e10, 1e11, 1e12, 1e13};
};

/// A model that lives so long.
struct LifetimeRow {
  double lifetime_months = 0;
  Cases tokens_per_day;  ///< from this volume on baking pays, whatever the volume; missing: at none
  Cases cards;           ///< whole cards at that volume; missing with it
};

/// A model with so many tokens a day.
struct VolumeRow {
  double tokens_per_day = 0;
  base::Range cards;  ///< whole
  base::Range gpus;   ///< rented on average, not whole; depends on no price, so low = typical = high
  Cases months;       ///< the shortest lifetime for which baking pays; missing: none up to kMostMonths
};

/// Both: dollars for a million tokens, one-off costs included.
struct BreakEvenCell {
  double lifetime_months = 0;
  double tokens_per_day = 0;
  Cases chip_usd_per_mtok;       ///< missing: the model is gone before its chip comes
  base::Range gpu_usd_per_mtok;  ///< sorted by price
  Cases gpu_to_chip;             ///< above 1 baking pays; `low`: expensive chip, cheap GPU; missing as there, or if a
                                 ///< chip's tokens cost nothing
};

struct BreakEven {
  CardCost card;
  OneOffCost one_off;
  base::Range wait_months;  ///< until the chip comes
  double utilisation = 0;
  std::vector<LifetimeRow> lifetimes;
  std::vector<VolumeRow> volumes;
  std::vector<BreakEvenCell> cells;  ///< of every lifetime every volume
};

/// Error: rates, prices, lifetimes or volumes that are not finite, not above 0 or absurd; a die with no place on a
/// wafer.
base::Result<BreakEven> break_even(const BreakEvenQuestion& question, const config::TechConfig& tech,
                                   const config::EconomicsConfig& economics);

}  // namespace kiln::cost
