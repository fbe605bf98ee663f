// A search over the numeric keys of a chip by closed points: random changes of one to four keys, kept where they are
// better, or a little worse while the search is young. One seed, one answer. What looks for holes in the cost model and
// what says how good a first chip is both use it.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/random.hpp"
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
};

class DesignSearch {
 public:
  DesignSearch(std::string chip_text, const study::ClosedQuestion& question, SearchLimits limits, std::uint64_t seed)
      : text_(std::move(chip_text)), question_(question), limits_(std::move(limits)), random_(seed) {
    const auto base = point({});
    base::check(base.ok(), "search: its base has no point");
    auto chip = base->placement.chip();
    const auto own = chip.tile.microarchitecture;
    for (const auto& key : config::chip_parameters()) {
      const bool other_kind =
          (key.pointer.find("_serial/") != key.pointer.npos || key.pointer.find("_mac/") != key.pointer.npos ||
           key.pointer.find("_select/") != key.pointer.npos) &&
          key.pointer.find(own + "/") == key.pointer.npos;
      if (!other_kind) keys_.push_back(key);
    }
  }

  [[nodiscard]] base::Result<study::ClosedPoint> point(const Design& design) const {
    std::vector<config::Override> settings;
    for (const auto& [key, value] : design) settings.push_back(key + "=" + std::to_string(value));
    const auto chip = config::parse_chip(text_, "chip", settings);
    if (!chip) return chip.error();
    return study::closed_point(*chip, question_);
  }

  [[nodiscard]] Found evaluate(const Design& design) {
    ++evaluations_;
    Found found{design};
    const auto made = point(design);
    if (!made) {
      found.excess = 1e9;
      return found;
    }
    const auto& chip = made->placement.chip();
    found.placed = true;
    found.values = numbers(chip);
    found.highest_mhz = cost::highest_clock_mhz(made->chip.paths, chip.clock_mhz);
    found.rate = made->tokens_per_s_user;
    found.area_mm2 = made->chip.die.area_mm2.typical * chip.chips.count;
    found.power_w = made->chip.energy.power_w.typical;
    found.mj_per_token = made->chip.energy.mj_per_token.typical;
    found.clock_mhz = chip.clock_mhz;
    found.slack = found.highest_mhz / found.clock_mhz;
    const auto beyond = [&](double value, double limit) { found.excess += std::max(0.0, value / limit - 1); };
    beyond(found.area_mm2, limits_.area_mm2);
    beyond(found.power_w, limits_.power_w);
    beyond(static_cast<double>(limits_.kv_tokens), static_cast<double>(made->placement.kv().capacity_tokens));
    for (const auto& [key, least] : limits_.at_least)
      if (const auto at = design.find(key); at != design.end()) beyond(static_cast<double>(least), double(at->second));
    if (found.slack < 1) found.excess += 1 / std::max(found.slack, 1e-3) - 1;
    if (made->verdict.buildable != true) found.excess += 0.02 * static_cast<double>(made->verdict.reasons.size());
    return found;
  }

  /// The best design that is allowed after so many evaluations: a third of them random steps from `start`, then key by
  /// key with several values each, again and again, with a few random steps where none is better.
  Found climb(const Design& start, std::uint64_t evaluations) {
    const std::uint64_t end = evaluations_ + evaluations;
    now_ = best_ = evaluate(start);
    walk(evaluations / 3);
    while (evaluations_ < end) {
      now_ = best_;
      while (evaluations_ < end && sweep(end)) {
      }
      now_ = best_;
      walk(std::min<std::uint64_t>(evaluations / 20, end > evaluations_ ? end - evaluations_ : 0));
    }
    return best_;
  }

  /// The best of so many beginnings, each also at the clock that its paths and its power then allow.
  template <class Beginning>
  Found begin(std::uint64_t evaluations, Beginning&& beginning) {
    const std::uint64_t end = evaluations_ + evaluations;
    Found best;
    while (evaluations_ < end) {
      Found next = evaluate(beginning(random_));
      if (next.placed) next = evaluate(clocked(next));
      if (score(next) > score(best)) best = next;
    }
    return best;
  }

  /// Of every key of the chip, a tile's own ones as it inherits them.
  static std::map<std::string, std::uint64_t> numbers(const config::ChipConfig& chip);

  [[nodiscard]] std::uint64_t evaluations() const { return evaluations_; }

 private:
  static double score(const Found& found) {
    // A key that does nothing is no part of a design.
    if (!found.placed) return -1e9;
    return std::log(found.rate) - 4 * found.excess - 2e-5 * static_cast<double>(found.design.size());
  }

  void note(const Found& next) {
    if (next.excess == 0 && (best_.excess > 0 || score(next) > score(best_))) best_ = next;
  }

  void walk(std::uint64_t steps) {
    for (std::uint64_t i = 0; i < steps; ++i) {
      const double heat = 0.02 * (1 - static_cast<double>(i) / static_cast<double>(steps));
      const Found next = evaluate(changed(now_));
      const double gain = score(next) - score(now_);
      if (gain >= 0 || random_.unit() < std::exp(gain / heat)) now_ = next;
      note(next);
    }
  }

  /// Whether any key alone, or with the clock that it then allows, made it better.
  bool sweep(std::uint64_t end) {
    bool better = false;
    const std::size_t first = random_.below(keys_.size());
    for (std::size_t k = 0; k < keys_.size() && evaluations_ < end; ++k) {
      const auto& key = keys_[(first + k) % keys_.size()];
      for (int tries = 0; tries < 3 && evaluations_ < end; ++tries) {
        Found next = evaluate(with(now_, key, tries == 0 && now_.design.contains(key.pointer)));
        if (tries == 2) next = evaluate(scaled_with_another(key));
        if (next.placed && score(next) <= score(now_)) next = evaluate(clocked(next));
        note(next);
        if (score(next) <= score(now_)) continue;
        now_ = next;
        better = true;
      }
    }
    return better;
  }

  /// With the clock that the paths and the power allow.
  Design clocked(const Found& from) const {
    Design design = from.design;
    const double by_power = from.clock_mhz * limits_.power_w / from.power_w;
    design["/clock_mhz"] = std::min<std::uint64_t>(from.highest_mhz, std::max(1.0, by_power));
    return design;
  }

  /// Two keys by one factor: what is wide and what is long belong together.
  Design scaled_with_another(const config::ParameterInfo& key) {
    Design design = now_.design;
    static constexpr double kFactors[] = {0.25, 0.5, 2, 4};
    const double factor = kFactors[random_.below(4)];
    const bool against = random_.below(2) == 0;
    const config::ParameterInfo& other = keys_[random_.below(keys_.size())];
    for (const auto* one : {&key, &other}) {
      const auto at = now_.values.find(one->pointer);
      if (at == now_.values.end()) continue;
      const double by = one != &key && against ? 1 / factor : factor;
      design[one->pointer] =
          std::clamp<std::uint64_t>(std::max(1LL, std::llround(double(at->second) * by)), one->minimum, one->maximum);
    }
    return design;
  }

  Design with(const Found& from, const config::ParameterInfo& key, bool back) {
    Design design = from.design;
    const auto at = from.values.find(key.pointer);
    if (back)
      design.erase(key.pointer);
    else if (at != from.values.end())
      design[key.pointer] = std::clamp<std::uint64_t>(near(at->second), key.minimum, key.maximum);
    return design;
  }

  Design changed(const Found& from) {
    Design design = from.design;
    const std::uint64_t count = 1 + random_.below(4);
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto& key = keys_[random_.below(keys_.size())];
      const Found so_far{design, 0, 0, 0, 0, 0, 0, 0, false, from.values};
      design = with(so_far, key, design.contains(key.pointer) && random_.below(3) == 0);
    }
    if (random_.below(3) == 0) design["/clock_mhz"] = from.highest_mhz;
    return design;
  }

  std::uint64_t near(std::uint64_t value) {
    static constexpr double kFactors[] = {0.25, 0.5, 0.75, 0.9, 0.97, 1.03, 1.1, 1.25, 1.5, 2, 4};
    switch (random_.below(4)) {
      case 0:
        return value + 1;
      case 1:
        return value > 1 ? value - 1 : 1;
      default:
        return std::max<std::uint64_t>(1, std::llround(double(value) * kFactors[random_.below(11)]));
    }
  }

  std::string text_;
  study::ClosedQuestion question_;
  SearchLimits limits_;
  base::Random random_;
  std::vector<config::ParameterInfo> keys_;
  std::uint64_t evaluations_ = 0;
  Found now_, best_;
};

inline std::map<std::string, std::uint64_t> DesignSearch::numbers(const config::ChipConfig& chip) {
  const auto tree = nlohmann::json::parse(config::to_json(chip));
  std::map<std::string, std::uint64_t> values;
  for (const auto& key : config::chip_parameters()) {
    nlohmann::json::json_pointer at(key.pointer);
    if (!tree.contains(at) && key.pointer.starts_with("/tiles/"))
      at = nlohmann::json::json_pointer("/tile" + key.pointer.substr(key.pointer.find('/', 7)));
    if (tree.contains(at) && tree[at].is_number_unsigned()) values[key.pointer] = tree[at].get<std::uint64_t>();
  }
  return values;
}

}  // namespace kiln::test
