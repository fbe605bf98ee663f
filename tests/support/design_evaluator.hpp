// Designs of a chip, which are keys with other values, as closed points against limits: with a floorplan, or in a tenth
// of the time without one. What searches over designs is built on it.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cost/clock.hpp"
#include "cost/unplaced_die.hpp"
#include "floorplan/link_registers.hpp"
#include "kiln/closed_form/activity.hpp"
#include "kiln/closed_form/closed_form.hpp"
#include "kiln/config/latencies.hpp"
#include "kiln/config/load.hpp"
#include "kiln/study/closed_point.hpp"

namespace kiln::test {

/// Keys of the base that have other values.
using Design = std::map<std::string, std::uint64_t>;

struct SearchLimits {
  double area_mm2 = 0;  ///< of all dies
  double power_w = 0;
  std::map<std::string, std::uint64_t> at_least = {};  ///< keys
  std::uint64_t kv_tokens = 0;
};

/// What a design gives, and whether it is allowed.
struct Found {
  Design design;
  double rate = 0;  ///< tokens/s of a user
  double area_mm2 = 0, power_w = 0, mj_per_token = 0, clock_mhz = 0;
  double slack = 0;   ///< the highest clock at which all paths are met, over the clock
  double excess = 0;  ///< how far beyond the limits: 0 is allowed
  bool placed = false;
  std::map<std::string, std::uint64_t> values = {};  ///< of every key, what is auto at its number
  std::uint32_t highest_mhz = 0;
  double loops_mhz = 0;  ///< the same, but for paths whose latencies are auto: they take more cycles
  std::map<std::string, double> link_mm = {};  ///< by the key of its registers
  bool screened = false;                       ///< without a floorplan
  std::size_t reasons = 0;                     ///< why it cannot be built
  double other = 0;                            ///< of `excess`, what neither the clock nor less area mends
  std::uint64_t kv_tokens = 0;                 ///< that its cache holds
};

/// Every numeric key of a chip: those of a tile for each array as well.
inline const std::vector<config::ParameterInfo>& all_keys() {
  static const std::vector<config::ParameterInfo> all = [] {
    std::map<std::string, config::ParameterInfo> keys;
    for (const auto& key : config::chip_parameters()) {
      keys[key.pointer] = key;
      if (!key.pointer.starts_with("/tile/")) continue;
      for (const auto array : config::kTileArrayNames) {
        auto own = key;
        own.pointer = "/tiles/" + std::string(array) + key.pointer.substr(5);
        keys[own.pointer] = own;
      }
    }
    std::vector<config::ParameterInfo> list;
    for (auto& [pointer, key] : keys) list.push_back(std::move(key));
    return list;
  }();
  return all;
}

class DesignEvaluator {
 public:
  DesignEvaluator(std::string chip_text, const study::ClosedQuestion& question, SearchLimits limits)
      : text_(std::move(chip_text)), question_(question), limits_(std::move(limits)) {
    const auto base = chip({});
    base::check(base.ok(), "search: its base is no chip");
    const auto own = base->tile.microarchitecture;
    for (const auto& key : config::chip_parameters())
      if (!of_other_kind(key.pointer, own)) own_keys_.push_back(key);
    for (const auto& key : all_keys())
      if (!of_other_kind(key.pointer, own)) keys_.push_back(key);
  }

  [[nodiscard]] base::Result<study::ClosedPoint> point(const Design& design) const {
    const auto own = chip(design);
    if (!own) return own.error();
    return study::closed_point(*own, question_);
  }

  [[nodiscard]] Found evaluate(const Design& design) {
    ++evaluations_;
    Found found = judged(design, point(design));
    if (design.contains(forgotten_)) charge_as(judged(charged(design), point(charged(design))), found);
    return found;
  }

  /// The same in a tenth of the time, near enough to tell whether it is worth a floorplan.
  [[nodiscard]] Found screen(const Found& similar, const Design& design) {
    if (const auto made = unplaced(similar, design)) {
      ++evaluations_;
      Found found = judged(design, *made);
      if (design.contains(forgotten_)) {
        const auto other = unplaced(similar, charged(design));
        if (!other) return evaluate(design);
        charge_as(judged(charged(design), *other), found);
      }
      found.link_mm = similar.link_mm;
      found.screened = true;
      return found;
    }
    return evaluate(design);
  }

  /// From now on the model forgets to charge for a key: area, energy and paths are those of the base's value.
  void forget(const std::string& key) { forgotten_ = key; }

  /// All that say something of this chip, those of each array's own tiles too.
  [[nodiscard]] const std::vector<config::ParameterInfo>& keys() const { return keys_; }
  /// The same without those of arrays: their tiles are those of /tile, or as the chip has them.
  [[nodiscard]] const std::vector<config::ParameterInfo>& own_keys() const { return own_keys_; }
  [[nodiscard]] const SearchLimits& limits() const { return limits_; }

  /// Of every key of the chip, a tile's own ones as it inherits them.
  static std::map<std::string, std::uint64_t> numbers(
      const config::ChipConfig& chip, const std::vector<config::ParameterInfo>& keys = config::chip_parameters());

  [[nodiscard]] std::uint64_t evaluations() const { return evaluations_; }

 private:
  /// Of a kind of tile that this chip does not have.
  static bool of_other_kind(const std::string& key, const std::string& own) {
    const auto has = [&](const std::string& part) { return key.find(part) != key.npos; };
    return (has("_serial/") || has("_mac/") || has("_select/")) && !has(own + "/");
  }

  [[nodiscard]] Design charged(Design design) const {
    design.erase(forgotten_);
    return design;
  }

  void charge_as(const Found& other, Found& found) const {
    if (!found.placed || !other.placed) return;
    found.area_mm2 = other.area_mm2;
    found.power_w = other.power_w;
    found.mj_per_token = other.mj_per_token;
    found.highest_mhz = other.highest_mhz;
    found.loops_mhz = other.loops_mhz;
    found.reasons = other.reasons;
    limit(found);
  }

  Found judged(const Design& design, const base::Result<study::ClosedPoint>& made) const {
    Found found{design};
    if (!made) {
      found.excess = found.other = 1e9;
      return found;
    }
    const auto& chip = made->placement.chip();
    found.placed = true;
    found.values = numbers(chip, all_keys());
    for (const auto& wire : made->chip.die.wires)
      found.link_mm["/link/" + std::string(name(wire.link))] = wire.length_mm;
    found.loops_mhz = loops_mhz(*made);
    found.highest_mhz = cost::highest_clock_mhz(made->chip.paths, chip.clock_mhz);
    found.rate = made->tokens_per_s_user;
    found.area_mm2 = made->chip.die.area_mm2.typical * chip.chips.count;
    found.power_w = made->chip.energy.power_w.typical;
    found.mj_per_token = made->chip.energy.mj_per_token.typical;
    found.clock_mhz = chip.clock_mhz;
    found.kv_tokens = made->placement.kv().capacity_tokens;
    found.reasons = made->verdict.buildable == true ? 0 : made->verdict.reasons.size();
    found.other = beyond(static_cast<double>(limits_.kv_tokens), static_cast<double>(found.kv_tokens));
    for (const auto& [key, least] : limits_.at_least)
      if (const auto at = design.find(key); at != design.end())
        found.other += beyond(static_cast<double>(least), double(at->second));
    limit(found);
    return found;
  }

  /// How far it is beyond the limits.
  void limit(Found& found) const {
    found.slack = found.highest_mhz / found.clock_mhz;
    found.excess = found.other + beyond(found.area_mm2, limits_.area_mm2) + beyond(found.power_w, limits_.power_w);
    if (found.slack < 1) found.excess += 1 / std::max(found.slack, 1e-3) - 1;
    found.excess += 0.02 * static_cast<double>(found.reasons);
  }
  static double beyond(double value, double limit) { return std::max(0.0, value / limit - 1); }

  static double loops_mhz(const study::ClosedPoint& point) {
    const auto& chip = point.placement.chip();
    double mhz = 1e4;
    for (const auto& path : point.chip.paths)
      if (std::ranges::find(chip.automatic, path.key) == chip.automatic.end())
        mhz = std::min(mhz, chip.clock_mhz * path.available_ps / path.delay_ps.typical);
    return mhz;
  }

  [[nodiscard]] base::Result<config::ChipConfig> chip(const Design& design) const {
    std::vector<config::Override> settings;
    for (const auto& [key, value] : design) settings.push_back(key + "=" + std::to_string(value));
    return config::parse_chip(text_, "chip", settings);
  }

  /// Without a floorplan: links are as long as those of a similar design. None where that cannot be said.
  std::optional<study::ClosedPoint> unplaced(const Found& similar, const Design& design) const {
    auto own = chip(design);
    if (!own || !similar.placed) return std::nullopt;
    own->automatic = config::automatic_latencies(*own);
    auto take = [&](const auto& number) {
      bool same = true;
      config::for_each_latency(*own, [&](const std::string& key, std::uint32_t& cycles) {
        if (std::ranges::find(own->automatic, key) == own->automatic.end()) return;
        const std::uint32_t had = std::exchange(cycles, number(key, cycles));
        same = same && cycles == had;
      });
      return same;
    };
    take([&](const std::string& key, std::uint32_t) {
      if (const auto link = similar.link_mm.find(key); link != similar.link_mm.end())
        return floorplan::link_registers(link->second, question_.tech.wire_ps_per_mm.typical, own->clock_mhz);
      const auto at = similar.values.find(key);
      return at == similar.values.end() ? 1U : static_cast<std::uint32_t>(at->second);
    });
    for (int round = 0; round < 4; ++round) {
      auto placement = program::Placement::create(question_.model, question_.recipe, *own, {});
      if (!placement || placement->dataflow().stages().size() != 1) return std::nullopt;
      auto die = cost::unplaced_die(*placement, question_.recipe, question_.tech);
      if (!die) return std::nullopt;
      const auto floors =
          cost::floors_of(cost::all_paths(*placement, question_.recipe, question_.tech, die->tile_line_mm),
                          question_.tech, own->clock_mhz);
      bool never = false;
      const bool same = take([&](const std::string& key, std::uint32_t had) {
        const auto at = floors.find(key);
        never = never || (at != floors.end() && at->second == cost::kNever);
        return at == floors.end() ? had : at->second;
      });
      if (never) return std::nullopt;
      if (same) return point_of(*std::move(placement), *std::move(die));
    }
    return std::nullopt;
  }

  /// As closed_point() has it for a chip of one stage.
  std::optional<study::ClosedPoint> point_of(program::Placement placement, cost::Die die) const {
    study::ClosedPoint point{std::move(placement), {}, {}, {}};
    const auto& chip = point.placement.chip();
    const std::uint64_t kept = study::kv_tokens(question_.prompt_tokens, question_.answer_tokens);
    if (kept > point.placement.kv().capacity_tokens) return std::nullopt;
    point.chip.tech = question_.tech;
    point.chip.die = std::move(die);
    point.chip.paths =
        cost::clock_paths(point.placement, question_.recipe, question_.tech, point.chip.die.tile_line_mm);
    const auto run = closed_form::run_cycles(point.placement, question_.prompt_tokens, question_.answer_tokens);
    const auto span = static_cast<double>((run.last_answer - run.first_answer).count());
    point.tokens_per_s_user = chip.clock_mhz * 1e6 * static_cast<double>(question_.answer_tokens - 1) / span;
    const auto counts = closed_form::run_counts(point.placement, question_.prompt_tokens, question_.answer_tokens);
    point.chip.energy = cost::energy(point.placement, question_.recipe, question_.tech, point.chip.die,
                                     {counts.activity, run.total.count(), counts.tokens, question_.answer_tokens, {}});
    point.verdict = study::judge(point.placement, point.chip, point.chip.energy.power_w.typical, kept);
    return point;
  }

  std::string text_;
  study::ClosedQuestion question_;
  SearchLimits limits_;
  std::vector<config::ParameterInfo> own_keys_, keys_;
  std::string forgotten_;
  std::uint64_t evaluations_ = 0;
};

inline std::map<std::string, std::uint64_t> DesignEvaluator::numbers(const config::ChipConfig& chip,
                                                                     const std::vector<config::ParameterInfo>& keys) {
  const auto tree = nlohmann::json::parse(config::to_json(chip));
  std::map<std::string, std::uint64_t> values;
  for (const auto& key : keys) {
    nlohmann::json::json_pointer at(key.pointer);
    if (!tree.contains(at) && key.pointer.starts_with("/tiles/"))
      at = nlohmann::json::json_pointer("/tile" + key.pointer.substr(key.pointer.find('/', 7)));
    if (tree.contains(at) && tree[at].is_number_unsigned()) values[key.pointer] = tree[at].get<std::uint64_t>();
  }
  return values;
}

}  // namespace kiln::test
