// Whether a chip can be built, as far as the models of cost and floorplan know, and every reason why not. Typical
// values count. Not known where a chip has no /silicon: that is not "buildable" either. Computed once for an answer; run,
// cost and chat say it first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/base/enum_table.hpp"
#include "kiln/program/placement.hpp"
#include "kiln/study/chip_cost.hpp"

namespace kiln::study {

/// The most that is cooled away from a die, over all of it. Chosen, a little above what is sold and cooled with air: an
/// H100 SXM has 700 W, its memory's share included, on a die of 814 mm2 (both: NVIDIA H100 white paper, 2022): 0.86; a
/// server of eight is air-cooled (Dell XE9680, system description in MLPerf Inference 3.1).
inline constexpr double kCoolableWPerMm2 = 1.0;

enum class ReasonKind { NoSilicon, DieArea, DieCount, ClockPath, LinkRegisters, KvCapacity, PowerDensity };
inline constexpr auto kReasonKinds = base::enum_names<ReasonKind>({{ReasonKind::NoSilicon, "no_silicon"},
                                                                   {ReasonKind::DieArea, "die_area"},
                                                                   {ReasonKind::DieCount, "die_count"},
                                                                   {ReasonKind::ClockPath, "clock_path"},
                                                                   {ReasonKind::LinkRegisters, "link_registers"},
                                                                   {ReasonKind::KvCapacity, "kv_capacity"},
                                                                   {ReasonKind::PowerDensity, "power_density"}});

struct Reason {
  ReasonKind kind = ReasonKind::NoSilicon;
  std::string what = {};       ///< the path or the link; empty where the kind says it
  double found = 0;            ///< of the chip
  double limit = 0;            ///< a maximum or a minimum, as the kind has it
  std::string_view unit = {};  ///< of both: "mm2", "dies", "ps", "registers", "tokens", "W/mm2"
  std::string sentence = {};
};

struct Verdict {
  std::optional<bool> buildable;  ///< none: not known
  std::vector<Reason> reasons;    ///< empty if and only if it is buildable

  /// Known to be: what every claim about the chip needs.
  [[nodiscard]] bool is_buildable() const { return buildable.value_or(false); }
  /// "chip hc1 is not buildable: the die has ...", or nothing.
  [[nodiscard]] std::optional<std::string> warning(std::string_view chip) const;
};

/// Of a chip without /silicon, whatever it is asked.
Verdict without_silicon(const config::ChipConfig& chip);

/// `silicon`: none for a chip without /silicon. `power_w`: typical, of all dies, of a run; none: nothing ran. At most
/// `kv_tokens` tokens of a request are in the KV cache; 0: nothing certain is asked.
Verdict judge(const program::Placement& placement, const std::optional<Silicon>& silicon, std::optional<double> power_w,
              std::uint64_t kv_tokens);

/// The tokens that are in the KV cache when the last answer token is sampled, which never enters it.
constexpr std::uint64_t kv_tokens(std::uint64_t prompt_tokens, std::uint64_t answer_tokens) {
  return prompt_tokens + answer_tokens - 1;
}

}  // namespace kiln::study
