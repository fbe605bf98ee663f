// What limits a chip, and what would help: a token's time in groups of units, and for each what one change of the chip's
// config would buy and cost. Each change is a closed point of its own, with all else as it is: what `--set KEY=VALUE`
// of the same question would answer. At most kMostWhatIfs of them, milliseconds each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kiln/base/enum_table.hpp"
#include "kiln/base/units.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/catalogue.hpp"
#include "kiln/host/run_result.hpp"
#include "kiln/program/placement.hpp"
#include "kiln/study/verdict.hpp"

namespace kiln::study {

/// Host: the host link and the sequencer. Head: LM head and sampler. Elementwise: vector unit and embedding ROM.
enum class TimeGroup { Weights, Attention, Elementwise, Sums, Wires, Head, Host };
inline constexpr auto kTimeGroups = base::enum_names<TimeGroup>({{TimeGroup::Weights, "weights"},
                                                                 {TimeGroup::Attention, "attention"},
                                                                 {TimeGroup::Elementwise, "elementwise"},
                                                                 {TimeGroup::Sums, "sums"},
                                                                 {TimeGroup::Wires, "wires"},
                                                                 {TimeGroup::Head, "head"},
                                                                 {TimeGroup::Host, "host"}});
inline constexpr std::size_t kTimeGroupCount = 7;
TimeGroup group_of(program::Unit unit);

/// A group with less of the time is not asked what would help, and bank conflicts get no hint. A choice.
inline constexpr double kSmallestShare = 0.01;
inline constexpr std::size_t kMostWhatIfs = 24;

struct KeyChange {
  std::string key;       ///< "tile.inputs_per_cycle", as for --set
  std::string from, to;  ///< "4", "5"; "auto"
  bool operator==(const KeyChange&) const = default;
};

struct WhatIf {
  std::vector<KeyChange> changes;
  std::string what;  ///< "tile.inputs_per_cycle 4 -> 5"
  double tokens_per_s_user = 0;
  double gain = 0;                   ///< of tokens_per_s_user: 0.109
  double area_mm2 = 0, power_w = 0;  ///< more than now (of the largest die; of all dies), typical
  Verdict verdict = {};              ///< of the changed chip
};

struct GroupLimit {
  TimeGroup group = TimeGroup::Weights;
  base::Cycles cycles;             ///< of the run's critical path
  double share = 0;                ///< of it
  std::vector<WhatIf> would_help;  ///< all that were asked, the largest gain first
};

struct BankHint {
  WhatIf what_if;
  bool removes = false;  ///< hardly any conflicts are left: less than a thousandth of a token's time
};

/// Reads of keys and values that wait for a bank.
struct BankConflicts {
  double share = 0;  ///< of the critical path
  /// The nearest number of banks, and the nearest padding of a token's row, that removes them, else the one nearby that
  /// leaves fewest; none where none has fewer. The largest gain first.
  std::vector<BankHint> would_help;
};

struct Limits {
  double tokens_per_s_user = 0;                 ///< of the run: gains are over this
  std::vector<GroupLimit> groups;               ///< the longest first; those without cycles are left out
  std::optional<BankConflicts> bank_conflicts;  ///< from kSmallestShare on
};

struct LimitsQuestion {
  const std::string& chip;  ///< as the question of the run names it
  const program::Placement& placement;
  const config::BakeRecipe& recipe;
  const host::RunResult& result;
  std::uint64_t prompt_tokens = 0;
};

/// None where the closed form does not know the run: several users or none, fewer than two answer tokens, a temperature,
/// an adapter, a later arrival, a chip without /silicon.
std::optional<Limits> limits(const LimitsQuestion& question, const config::Catalogue& configs);

}  // namespace kiln::study
